/**
 * Entries with their contents → the bytes of a tar, in large chunks, hashing every file on the way. Small files are read by
 * synchronous calls, which costs a quarter of what asynchronous ones do; the event loop gets its turn every few milliseconds.
 */
import type { Hash } from "node:crypto";
import { createHash, hash } from "node:crypto";
import { readSync } from "node:fs";
import { createTurns } from "../async.ts";
import { hexOf } from "../digest.ts";
import { InternalError } from "../errors.ts";
import { compareTreePaths } from "../paths.ts";
import { changedSinceHashed, changedWhileRead, whiteoutError } from "./errors.ts";
import type { FileReader } from "./host-files.ts";
import { readListed, createFileReader } from "./host-files.ts";
import { NO_DATA } from "./index-format.ts";
import { BLOCK } from "./tar-header.ts";
import type { XattrFilter } from "./tar-write.ts";
import { capabilitiesOnly, tarPadded, tarHeaders } from "./tar-write.ts";
import type { DataSource, Entry } from "./types.ts";
import { isWhiteoutName } from "./whiteout.ts";

/** An entry to write; `data` for files that are not empty. A file's `digest`, where it is given, must still be right. */
export interface LayerItem {
  readonly entry: Entry;
  readonly data?: DataSource;
}

/** How a tar is made. */
interface TarChunksOptions {
  readonly signal?: AbortSignal | undefined;
  /** Extended attributes that are written. Default: file capabilities only (rule S126). */
  readonly xattrs?: XattrFilter | undefined;
  /** Called after each entry was written; `digestHex` for files. */
  readonly onEntry?: ((entry: Entry, dataOffset: number, digestHex: string | undefined) => void) | undefined;
}

const CHUNK = 1024 * 1024;
/** Most layers of a COPY fit into this, and a build may have thousands of them. */
const FIRST_CHUNK = 32 * 1024;
/** Files up to this are read by one call. */
const SMALL = 128 * 1024;

/** Gives the tar; a chunk is valid until the second next is asked for, so that it can be written meanwhile. Items must be sorted by `compareTreePaths` without duplicates. Throws `WHITEOUT` for a file named like one, `CONTEXT` for one that shrinks. */
export async function* tarChunks(
  items: Iterable<LayerItem> | AsyncIterable<LayerItem>,
  options: TarChunksOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const xattrs = options.xattrs ?? capabilitiesOnly;
  let out = Buffer.allocUnsafeSlow(FIRST_CHUNK);
  /** Made when it is needed, which is not for most layers of a COPY. */
  let other: Buffer<ArrayBuffer> | undefined;
  let used = 0;
  /** Position of `out` in the tar. */
  let start = 0;
  const turns = createTurns(options.signal);
  let previous: string | undefined;
  using reader = createFileReader();

  const take = (): Buffer => {
    const chunk = out.subarray(0, used);
    start += used;
    used = 0;
    [out, other] = [other ?? Buffer.allocUnsafeSlow(CHUNK), out];
    return chunk;
  };
  /** Makes room in the first chunk, which begins small. */
  const enlarge = (size: number): void => {
    if (out.byteLength === CHUNK || used + size <= out.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(CHUNK);
    out.copy(larger, 0, 0, used);
    out = larger;
  };

  for await (const { entry, data } of items) {
    if (previous !== undefined && compareTreePaths(previous, entry.path) >= 0)
      throw new InternalError(`layer entry "${entry.path}" is out of order`);
    previous = entry.path;
    if (isWhiteoutName(entry.path)) throw whiteoutError(entry.path, "an image layer cannot hold a file of this name");
    if (turns.isDue) await turns.give();
    const headers = tarHeaders(entry, xattrs);
    if (headers.size > CHUNK) throw new InternalError(`headers of "${entry.path}" have ${headers.size} bytes`);
    const isFile = entry.kind === "file";
    const isSmall = isFile && entry.size <= SMALL;
    if (used + headers.size + (isSmall ? tarPadded(entry.size) : 0) > CHUNK) yield take();
    if (headers.size + (isSmall ? tarPadded(entry.size) : 0) > CHUNK) throw new InternalError("a small file does not fit");
    enlarge(headers.size + (isFile ? tarPadded(entry.size) : 0));
    headers.write(out, used);
    used += headers.size;
    const dataOffset = isFile && entry.size > 0 ? start + used : NO_DATA;
    let digestHex: string | undefined;
    if (isSmall) {
      if (entry.size > 0) readWhole(reader, entry, data, out, used);
      digestHex = knownDigest(entry, data) ?? hash("sha256", out.subarray(used, used + entry.size), "hex");
      const end = used + tarPadded(entry.size);
      out.fill(0, used + entry.size, end);
      used = end;
    } else if (isFile) {
      digestHex = knownDigest(entry, data);
      const running: Hash | undefined = digestHex === undefined ? createHash("sha256") : undefined;
      for (let done = 0; done < entry.size;) {
        if (used === CHUNK) {
          yield take();
          if (turns.isDue) await turns.give();
        }
        const size = readPart(reader, entry, data, { out, at: used, done, size: Math.min(CHUNK - used, entry.size - done) });
        running?.update(out.subarray(used, used + size));
        used += size;
        done += size;
      }
      digestHex ??= running?.digest("hex");
      // Chunks are whole blocks, so that the padding always fits.
      const end = used + tarPadded(entry.size) - entry.size;
      out.fill(0, used, end);
      used = end;
    }
    // What was hashed for a cache key must be what is written: a file that changed in between would be kept under the wrong key.
    if (isFile && entry.digest !== undefined && digestHex !== hexOf(entry.digest)) throw changedSinceHashed(entry.path);
    options.onEntry?.(entry, dataOffset, digestHex);
  }
  if (used + 2 * BLOCK > CHUNK) yield take();
  enlarge(2 * BLOCK);
  out.fill(0, used, used + 2 * BLOCK);
  used += 2 * BLOCK;
  yield out.subarray(0, used);
}

/** Bytes in memory, and those out of the store, are what was hashed; what is on the host may have changed since, or be empty by now. */
function knownDigest(entry: Entry, data: DataSource | undefined): string | undefined {
  if (data === undefined || data.kind === "host" || entry.size === 0) return undefined;
  return entry.digest === undefined ? undefined : hexOf(entry.digest);
}

function readWhole(reader: FileReader, entry: Entry, data: DataSource | undefined, out: Buffer, at: number): void {
  for (let done = 0; done < entry.size;) done += readPart(reader, entry, data, { out, at: at + done, done, size: entry.size - done });
}

interface Part {
  readonly out: Buffer;
  readonly at: number;
  /** Bytes of the file that were read before. */
  readonly done: number;
  readonly size: number;
}

function readPart(reader: FileReader, entry: Entry, data: DataSource | undefined, part: Part): number {
  switch (data?.kind) {
    case undefined:
      throw new InternalError(`file "${entry.path}" has no data`);
    case "bytes":
      if (data.bytes.byteLength !== entry.size)
        throw new InternalError(`${data.bytes.byteLength} bytes for "${entry.path}" of ${entry.size}`);
      part.out.set(data.bytes.subarray(part.done, part.done + part.size), part.at);
      return part.size;
    case "host":
    case "slice": {
      const offset = data.kind === "slice" ? data.offset : 0;
      const readOn = (): number =>
        readSync(reader.open(data.path, data.kind === "host" ? data.root : undefined), part.out, part.at, part.size, offset + part.done);
      const read = data.kind === "host" ? readListed(data.path, readOn) : readOn();
      if (read === 0) throw changedWhileRead(data.path, entry.size, part.done);
      return read;
    }
  }
}
