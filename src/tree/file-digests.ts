/**
 * Remembers the digests of host files between builds, so that an unchanged file costs one lstat. One sorted table per root, kept as a blob.
 * Like git's index, it does not believe what changed within the clock's grain of being hashed.
 */
import { closeSync } from "node:fs";
import type { ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { createHasher, isDigest } from "../digest.ts";
import { errnoOf, isDecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { compareTreePaths, fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import type { DigestTable, FileStat, GrowingTable, StoredTable } from "./file-digest-table.ts";
import { createTable, encodeTable, openTable } from "./file-digest-table.ts";
import { openForReading } from "./host-files.ts";
import { openScratchFile } from "./scratch-file.ts";
import { writeAll } from "./write-all.ts";

/** Digests by path and metadata. */
export interface FileDigests {
  /** The digest, when nothing of the metadata changed since it was put. */
  get(path: TreePath, stat: FileStat): Digest | undefined;
  /** Remembers a digest of bytes that were read after `startedMs` (milliseconds since the epoch). */
  put(path: TreePath, stat: FileStat, digest: Digest, startedMs: number): void;
}

/** `FileDigests` that last. Disposing closes them; nothing is written then. */
interface StoredFileDigests extends FileDigests, Disposable {
  /** Writes what is new to the store, and gives its memory back; nothing when nothing is. Calls wait for each other. */
  flush(): Promise<void>;
}

const SPACE = "file-digests";
/** The clock of file systems is that coarse (10 ms on kernels with HZ=100), with a margin. */
const RACY_MS = 50;
/** New rows go to a file of their own from here on, or from a quarter of those that are in one: so each is written a few times at most. */
const MAX_FRESH = 64 * 1024;
/** Files that were not met are kept up to this, or to as many as were met. */
const MIN_UNSEEN = 10_000;

/** Opens the memo of a root directory. `rootPath` names it and is not touched. A damaged memo counts as empty. */
export async function createFileDigests(store: Store, rootPath: string): Promise<StoredFileDigests> {
  let table = await load(store, rootPath);
  const fresh = createTable();
  let seen = new Uint8Array(table.count);
  /** How often something was put that is not written. */
  let puts = 0;
  /** Walks ask in order: the next is most often the one after the last. */
  let cursor = 0;
  const find = (path: TreePath): number => {
    if (table.compare(cursor, path) === 0) return cursor;
    cursor = placeOf(table, path, cursor);
    return table.compare(cursor, path) === 0 ? cursor : -1;
  };
  let last: Promise<void> = Promise.resolve();
  let isSpilling = false;
  /** Goes on with a table of these rows, which is in a file. */
  const replaceBy = (written: StoredTable, rows: Int32Array): void => {
    table[Symbol.dispose]();
    table = written;
    seen = Uint8Array.from(rows, (row) => (row < 0 ? 1 : (seen[row] ?? 0)));
    fresh.clear();
    cursor = 0;
  };
  /** Brings all rows to a file without a name: those of a million new files would take 120 MB. */
  const spill = async (): Promise<void> => {
    const fd = await openScratchFile(store);
    try {
      // Nothing is put from here to the end.
      const rows = joinRows(table, fresh, seen, { keepUnmet: true });
      for (const piece of encodeTable(table, fresh, rows)) writeAll(fd, piece, "digests of files");
      replaceBy(openTable(fd), rows);
      isSpilling = false;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  };
  const write = async (): Promise<void> => {
    if (puts === 0) return;
    const putsBefore = puts;
    const rows = joinRows(table, fresh, seen);
    const { digest } = await store.blobs.write(streamOf(encodeTable(table, fresh, rows)));
    store.records.put(SPACE, rootPath, digest, [{ kind: "blob", id: digest }]);
    // What came meanwhile is written the next time, with all of this.
    if (puts !== putsBefore) return;
    replaceBy(openStored(store, digest), rows);
    puts = 0;
  };

  return {
    get(path, stat) {
      const known = fresh.find(path);
      if (known >= 0) return fresh.matches(known, stat) ? fresh.digest(known) : undefined;
      const position = find(path);
      if (position < 0) return undefined;
      seen[position] = 1;
      cursor = position + 1;
      return table.matches(position, stat) ? table.digest(position) : undefined;
    },
    put(path, stat, digest, startedMs) {
      if (Math.max(stat.mtimeMs, stat.ctimeMs) > startedMs - RACY_MS) return;
      fresh.put(path, stat, digest);
      puts += 1;
      if (isSpilling || fresh.count < Math.max(MAX_FRESH, table.count / 4)) return;
      isSpilling = true;
      // Without room for it the rows stay in memory; writing the memo tells.
      last = last.then(spill).catch(() => undefined);
    },
    flush() {
      const next = last.then(write);
      last = next.catch(() => undefined);
      return next;
    },
    [Symbol.dispose]: () => table[Symbol.dispose](),
  };
}

async function* streamOf(pieces: Iterable<Buffer>): ByteStream {
  yield* pieces;
}

/** The first position whose path is not before `path`, searched for from `near` on: what is asked for in order is near. */
function placeOf(table: DigestTable, path: TreePath, near: number): number {
  let low = 0;
  let high = near;
  if (table.compare(near, path) < 0) {
    let step = 1;
    for (low = near + 1; table.compare(low + step - 1, path) < 0; step *= 2) low += step;
    high = Math.min(low + step - 1, table.count);
  } else if (near === 0 || table.compare(near - 1, path) < 0) return near;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table.compare(middle, path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function noTable(): StoredTable {
  return { ...createTable(), [Symbol.dispose]: () => undefined };
}

function openStored(store: Store, digest: Digest): StoredTable {
  try {
    return openTable(openForReading(fromText(store.blobs.path(digest))));
  } catch (error) {
    // It only saves time.
    if (errnoOf(error) === "ENOENT") return noTable();
    throw error;
  }
}

async function load(store: Store, rootPath: string): Promise<StoredTable> {
  const id = store.records.get(SPACE, rootPath);
  if (typeof id !== "string" || !isDigest(id)) return noTable();
  try {
    const hasher = createHasher();
    for await (const chunk of store.blobs.open(id)) hasher.update(chunk);
    return hasher.digest() === id ? openStored(store, id) : noTable();
  } catch (error) {
    // It only saves time.
    if (isDecantError(error, "BLOB_MISSING") || isDecantError(error, "STORE_CORRUPT")) return noTable();
    throw error;
  }
}

/** The rows of the new table in order: positions of `old`, and of `fresh` as -1 - position. Rows of `old` go that were put anew, or that are ever more of what is gone. */
function joinRows(
  old: DigestTable,
  fresh: GrowingTable,
  seen: Uint8Array,
  { keepUnmet = isUnmetKept(fresh, seen) }: { readonly keepUnmet?: boolean } = {},
): Int32Array {
  const rows = new Int32Array(old.count + fresh.count);
  let count = 0;
  let at = 0;
  const takeOld = (until: TreePath | undefined): void => {
    for (; at < old.count && (until === undefined || old.compare(at, until) < 0); at += 1) {
      if ((!keepUnmet && seen[at] !== 1) || fresh.find(old.path(at)) >= 0) continue;
      rows[count] = at;
      count += 1;
    }
  };
  for (const position of sortedPositions(fresh)) {
    takeOld(fresh.path(position));
    rows[count] = -1 - position;
    count += 1;
  }
  takeOld(undefined);
  return rows.subarray(0, count);
}

function isUnmetKept(fresh: GrowingTable, seen: Uint8Array): boolean {
  let met = fresh.count;
  for (const mark of seen) met += mark;
  return seen.length - met <= Math.max(MIN_UNSEEN, met);
}

function sortedPositions(fresh: DigestTable): Uint32Array {
  const positions = Uint32Array.from({ length: fresh.count }, (_, position) => position);
  // Walks put in order.
  const isSorted = positions.every((position, at) => at === 0 || fresh.compare(positions[at - 1] ?? 0, fresh.path(position)) < 0);
  return isSorted ? positions : positions.sort((a, b) => compareTreePaths(fresh.path(a), fresh.path(b)));
}
