/** The file header and the program headers (gABI chapter 5). Section headers are never read: loaders do not, and `strip` may take them. */
import type { Blocks } from "./blocks.ts";
import { elfError } from "./errors.ts";
import type { ElfClass, ElfEndian, ElfType } from "./types.ts";

const MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
const IDENT = 16;
/** As many as fit into the 64 KiB that Linux reads. */
const MAX_SEGMENTS = 1170;

/** Numbers of one file: how wide a word is, and which byte comes first. */
export interface Layout {
  readonly class: ElfClass;
  readonly endian: ElfEndian;
  /** Bytes of a word: 4 or 8. */
  readonly word: 4 | 8;
}

/** What e_ident and the rest of the file header say. */
interface Header extends Layout {
  readonly type: ElfType;
  readonly machine: number;
  readonly flags: number;
  readonly segmentsOffset: number;
  readonly segmentCount: number;
}

/** One program header. Numbers over 2^53 lose precision, and are outside every file anyway. */
export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
}

/** Fixed-width numbers at places of one table. */
export interface Fields {
  readonly byteLength: number;
  u16(at: number): number;
  u32(at: number): number;
  word(at: number): number;
}

/** A table as numbers. */
export function fields(bytes: Uint8Array, layout: Layout): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = layout.endian === "little";
  const u32 = (at: number): number => view.getUint32(at, little);
  return {
    byteLength: bytes.byteLength,
    u16: (at) => view.getUint16(at, little),
    u32,
    word: (at) => (layout.word === 4 ? u32(at) : u32(little ? at + 4 : at) * 2 ** 32 + u32(little ? at : at + 4)),
  };
}

/** Whether a file with these first bytes is an ELF file. */
export function isElf(head: Uint8Array): boolean {
  return MAGIC.every((byte, at) => head[at] === byte);
}

/** The header, or undefined when the file does not start with ELF's magic. Throws `ELF`. */
export async function readHeader(blocks: Blocks): Promise<Header | undefined> {
  if (blocks.size < MAGIC.length) return undefined;
  const magic = await blocks.bytes(0, MAGIC.length, "the magic");
  if (!isElf(magic)) return undefined;
  const ident = await blocks.bytes(0, IDENT, "the identification");
  const [, , , , classByte, dataByte, version] = ident;
  if (classByte !== 1 && classByte !== 2) throw elfError(`its class is ${classByte}; wanted 1 (32 bits) or 2 (64 bits)`);
  if (dataByte !== 1 && dataByte !== 2) throw elfError(`its byte order is ${dataByte}; wanted 1 (little) or 2 (big)`);
  if (version !== 1) throw elfError(`its version is ${version}; wanted 1`);
  const word = classByte === 1 ? 4 : 8;
  const layout = { class: classByte === 1 ? 32 : 64, endian: dataByte === 1 ? "little" : "big", word } as const;
  const size = IDENT + 24 + 3 * word;
  const rest = fields(await blocks.bytes(0, size, "the header"), layout);
  const afterWords = 24 + 3 * word;
  const segmentCount = rest.u16(afterWords + 8);
  const entrySize = rest.u16(afterWords + 6);
  if (segmentCount > MAX_SEGMENTS) throw elfError(`it has ${segmentCount} segments; at most ${MAX_SEGMENTS} can be loaded`);
  if (segmentCount > 0 && entrySize !== segmentSize(word)) {
    throw elfError(`its program headers are ${entrySize} bytes long; wanted ${segmentSize(word)}`);
  }
  return {
    ...layout,
    type: TYPES.get(rest.u16(16)) ?? "other",
    machine: rest.u16(18),
    flags: rest.u32(afterWords),
    segmentsOffset: rest.word(24 + word),
    segmentCount,
  };
}

/** The program headers. Throws `ELF`. */
export async function readSegments(blocks: Blocks, header: Header): Promise<readonly Segment[]> {
  const { word } = header;
  const size = segmentSize(word);
  const table = fields(await blocks.bytes(header.segmentsOffset, header.segmentCount * size, "the program header table"), header);
  return Array.from({ length: header.segmentCount }, (_, number): Segment => {
    const at = number * size;
    // p_flags moved in the 64-bit form, for the sake of alignment.
    const first = at + (word === 4 ? 4 : 8);
    return {
      type: table.u32(at),
      offset: table.word(first),
      address: table.word(first + word),
      fileSize: table.word(first + 3 * word),
    };
  });
}

const TYPES: ReadonlyMap<number, ElfType> = new Map([
  [1, "relocatable"],
  [2, "executable"],
  [3, "shared"],
  [4, "core"],
]);

function segmentSize(word: 4 | 8): number {
  return word === 4 ? 32 : 56;
}
