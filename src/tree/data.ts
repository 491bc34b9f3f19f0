/** Reads file contents from where they are. */
import { closeSync, fstatSync, readSync } from "node:fs";
import type { ByteStream } from "../bytes.ts";
import { DecantError, InternalError } from "../errors.ts";
import { displayPath } from "../paths.ts";
import { changedWhileRead, goneSinceListed } from "./errors.ts";
import { openForReading, readListed } from "./host-files.ts";
import type { DataSource, Tree } from "./types.ts";
import type { TreePath } from "../paths.ts";

const CHUNK = 256 * 1024;

/** Streams `size` bytes of a source; each chunk is the consumer's to keep. Throws `CONTEXT` when there are fewer. */
export async function* readData(source: DataSource, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (source.kind === "bytes") {
    if (source.bytes.byteLength !== size) throw new InternalError(`${source.bytes.byteLength} bytes for a file of ${size}`);
    if (size > 0) yield source.bytes;
    return;
  }
  if (size === 0) return;
  const fd = openSource(source);
  try {
    const start = source.kind === "slice" ? source.offset : 0;
    for (let done = 0; done < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - done));
      const read = readSync(fd, chunk, 0, chunk.byteLength, start + done);
      if (read === 0) throw changedWhileRead(source.path, size, done);
      done += read;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
}

function openSource(source: Exclude<DataSource, { readonly kind: "bytes" }>): number {
  const { path } = source;
  const fd = source.kind === "host" ? readListed(path, () => openForReading(path, source.root)) : openForReading(path);
  if (source.kind === "slice" || fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw goneSinceListed(path);
}

/** Part of a source of `size` bytes: fewer than `length` only at its end. Holds nothing open. Throws `CONTEXT` for a file that has become shorter. */
export function readDataRange(source: DataSource, size: number, offset: number, length: number): Uint8Array {
  const wanted = Math.max(0, Math.min(length, size - offset));
  if (source.kind === "bytes") return source.bytes.subarray(offset, offset + wanted);
  const bytes = Buffer.allocUnsafe(wanted);
  const start = (source.kind === "slice" ? source.offset : 0) + offset;
  const fd = openSource(source);
  try {
    for (let done = 0; done < wanted;) {
      const read = readSync(fd, bytes, done, wanted - done, start + done);
      if (read === 0) throw changedWhileRead(source.path, size, offset + done);
      done += read;
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}

/** Reads a small file of a tree, following no symlink. Throws `NOT_FOUND`, and `BLOB_SIZE` over `maxBytes`. */
export async function readTreeFile(tree: Tree, path: TreePath, maxBytes: number): Promise<Buffer> {
  const entry = tree.lookup(path);
  if (entry?.kind !== "file") throw new DecantError("NOT_FOUND", `Cannot read "${displayPath(path)}": no such file`);
  if (entry.size > maxBytes)
    throw new DecantError("BLOB_SIZE", `Cannot read "${displayPath(path)}": it has ${entry.size} bytes; at most ${maxBytes} are read`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readData(await tree.data(entry), entry.size)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Streams a file entry of a tree. */
export async function* readEntry(tree: Tree, entry: Parameters<Tree["data"]>[0]): ByteStream & AsyncGenerator<Uint8Array, void, undefined> {
  yield* readData(await tree.data(entry), entry.size);
}
