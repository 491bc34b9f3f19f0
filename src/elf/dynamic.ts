/** The dynamic section (gABI chapter 5, "Dynamic Section"): a list of tags, and strings found by address. */
import type { Blocks } from "./blocks.ts";
import { elfError } from "./errors.ts";
import { type Layout, type Segment, fields } from "./header.ts";

/** PT_LOAD */
const LOAD = 1;
/** PT_DYNAMIC */
const DYNAMIC = 2;
/** Real ones have up to a few hundred. */
const MAX_TAGS = 16_384;

/** Tags that are read. */
export const TAG = {
  needed: 1,
  stringTable: 5,
  stringTableSize: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
  flags1: 0x6fff_fffb,
  versionDefinitions: 0x6fff_fffc,
  versionDefinitionCount: 0x6fff_fffd,
  versionNeeds: 0x6fff_fffe,
  versionNeedCount: 0x6fff_ffff,
} as const;

/** The dynamic section of one file. */
export interface Dynamic {
  /** All values of a tag, in file order. */
  values(tag: number): readonly number[];
  /** The last value of a tag, as loaders take it. */
  value(tag: number): number | undefined;
  /** A string of the string table. Throws `ELF`. */
  text(offset: number): Promise<string>;
  /** Where an address is in the file. Throws `ELF`. */
  offsetOf(address: number, what: string): number;
}

/** The dynamic section, or undefined for a file without one (static, or a separate file of debug symbols). Throws `ELF`. */
export async function readDynamic(blocks: Blocks, layout: Layout, segments: readonly Segment[]): Promise<Dynamic | undefined> {
  const segment = segments.find(({ type }) => type === DYNAMIC);
  if (segment === undefined || segment.fileSize === 0) return undefined;
  const pair = 2 * layout.word;
  const count = Math.min(Math.floor(segment.fileSize / pair), MAX_TAGS);
  const table = fields(await blocks.bytes(segment.offset, count * pair, "the dynamic section"), layout);
  const tags = new Map<number, number[]>();
  for (let at = 0; at < table.byteLength; at += pair) {
    const tag = table.word(at);
    if (tag === 0) break;
    const value = table.word(at + layout.word);
    const list = tags.get(tag);
    if (list === undefined) tags.set(tag, [value]);
    else list.push(value);
  }
  const loads = segments.filter(({ type }) => type === LOAD);
  const offsetOf: Dynamic["offsetOf"] = (address, what) => {
    const load = loads.find((one) => address >= one.address && address < one.address + one.fileSize);
    if (load === undefined) throw elfError(`${what} is at address ${address}, which no segment loads from the file`);
    return load.offset + address - load.address;
  };
  const value = (tag: number): number | undefined => tags.get(tag)?.at(-1);
  return {
    values: (tag) => tags.get(tag) ?? [],
    value,
    offsetOf,
    async text(offset) {
      const address = value(TAG.stringTable);
      if (address === undefined) throw elfError("it has no string table");
      const start = offsetOf(address, "the string table");
      const size = value(TAG.stringTableSize) ?? 0;
      if (offset >= size) throw elfError(`a string is at ${offset} of a string table of ${size} bytes`);
      return blocks.string(start + offset, start + size);
    },
  };
}
