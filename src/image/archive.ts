/**
 * The outer tar of an archive output: entries with time 0 and root as owner, so that the same image always gives the same file. Layers are
 * files in it; their own tars are made by the tree room.
 */
import type { ByteStream } from "../bytes.ts";
import { treePath } from "../paths.ts";
import { tarHeaders, tarPadded } from "../tree/index.ts";
import { type ByteSink, fileBytes } from "./output-file.ts";

/** One entry; names are ASCII and shorter than 100 bytes. Directories end in "/". */
export type ArchiveEntry =
  | { readonly name: string; readonly kind: "dir" }
  | { readonly name: string; readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly name: string; readonly kind: "file"; readonly path: string; readonly size: number };

/** Two blocks of zeros. */
const END = Buffer.alloc(1024);
const MODES = { dir: 0o755, bytes: 0o644, file: 0o444 } as const;

/** Writes the entries and the end of the archive. `onBytes` hears of content as it is written. */
export async function writeArchive(sink: ByteSink, entries: Iterable<ArchiveEntry>, onBytes?: (bytes: number) => void): Promise<void> {
  for (const entry of entries) {
    switch (entry.kind) {
      case "dir":
        await sink.write(header(entry.name, "dir", { size: 0, mode: MODES.dir }));
        break;
      case "bytes": {
        const size = entry.bytes.byteLength;
        await sink.write(Buffer.concat([header(entry.name, "file", { size, mode: MODES.bytes }), entry.bytes, padding(size)]));
        onBytes?.(size);
        break;
      }
      case "file":
        await sink.write(header(entry.name, "file", { size: entry.size, mode: MODES.file }));
        await sink.copyFile(entry.path, entry.size, onBytes);
        if (tarPadded(entry.size) !== entry.size) await sink.write(padding(entry.size));
        break;
      default:
        entry satisfies never;
    }
  }
  await sink.write(END);
}

/** The same archive as a stream, for a reader that is no file. */
export async function* archiveBytes(
  entries: Iterable<ArchiveEntry>,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const entry of entries) {
    const size = contentSize(entry);
    yield header(entry.name, entry.kind === "dir" ? "dir" : "file", { size, mode: MODES[entry.kind] });
    for await (const chunk of contentOf(entry)) {
      onBytes?.(chunk.byteLength);
      yield chunk;
    }
    if (tarPadded(size) !== size) yield padding(size);
  }
  yield END;
}

/** Its size. */
export function archiveSize(entries: Iterable<ArchiveEntry>): number {
  let size = END.byteLength;
  for (const entry of entries) size += header(entry.name, "file", { size: 0, mode: 0 }).byteLength + tarPadded(contentSize(entry));
  return size;
}

function contentSize(entry: ArchiveEntry): number {
  return entry.kind === "dir" ? 0 : entry.kind === "bytes" ? entry.bytes.byteLength : entry.size;
}

async function* contentOf(entry: ArchiveEntry): ByteStream & AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.kind === "bytes") yield entry.bytes;
  if (entry.kind === "file") yield* fileBytes(entry.path, entry.size);
}

function header(name: string, kind: "file" | "dir", { size, mode }: { readonly size: number; readonly mode: number }): Buffer {
  const headers = tarHeaders({ path: treePath(name), kind, mode, uid: 0, gid: 0, size, mtimeSec: 0, mtimeNsec: 0 });
  const block = Buffer.alloc(headers.size);
  headers.write(block, 0);
  return block;
}

/** What fills the last block of a content. */
function padding(size: number): Buffer {
  return Buffer.alloc(tarPadded(size) - size);
}
