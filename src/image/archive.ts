/**
 * The outer tar of an archive output: plain ustar entries with time 0 and root as owner, so that the same image always gives the
 * same file. Layers are files in it; their own tars are made by the tree room.
 */
import type { ByteSink } from "./output-file.ts";

/** One entry; names are ASCII and shorter than 100 bytes. Directories end in "/". */
export type ArchiveEntry =
  | { readonly name: string; readonly kind: "dir" }
  | { readonly name: string; readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly name: string; readonly kind: "file"; readonly path: string; readonly size: number };

const BLOCK = 512;
/** The most that eleven octal digits can say. */
const MAX_OCTAL = 0o77777777777;

/** Writes the entries and the end of the archive. `onBytes` hears of content as it is written. */
export async function writeArchive(sink: ByteSink, entries: Iterable<ArchiveEntry>, onBytes?: (bytes: number) => void): Promise<void> {
  for (const entry of entries) {
    switch (entry.kind) {
      case "dir":
        await sink.write(header(entry.name, { size: 0, mode: 0o755, type: "5" }));
        break;
      case "bytes":
        await sink.write(padded(header(entry.name, { size: entry.bytes.byteLength, mode: 0o644, type: "0" }), entry.bytes));
        onBytes?.(entry.bytes.byteLength);
        break;
      case "file":
        await sink.write(header(entry.name, { size: entry.size, mode: 0o444, type: "0" }));
        await sink.copyFile(entry.path, entry.size, onBytes);
        if (entry.size % BLOCK !== 0) await sink.write(Buffer.alloc(BLOCK - (entry.size % BLOCK)));
        break;
      default:
        entry satisfies never;
    }
  }
  await sink.write(Buffer.alloc(2 * BLOCK));
}

function header(name: string, { size, mode, type }: { readonly size: number; readonly mode: number; readonly type: "0" | "5" }): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, "latin1");
  block.write(octal(mode, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  if (size <= MAX_OCTAL) block.write(octal(size, 11), 124, "latin1");
  else {
    // Base-256, as GNU tar writes sizes over 8 GiB.
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write(octal(0, 11), 136, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write(" ".repeat(8), 148, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padded(...parts: readonly Uint8Array[]): Buffer {
  const joined = Buffer.concat(parts);
  const rest = joined.byteLength % BLOCK;
  return rest === 0 ? joined : Buffer.concat([joined, Buffer.alloc(BLOCK - rest)]);
}
