/**
 * Remembers the digests of host files between builds, so that an unchanged file costs one lstat. One sorted table per root, kept as a blob.
 * Like git's index, it does not believe what changed within the clock's grain of being hashed.
 */
import type { Digest } from "../digest.ts";
import { isDigest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { compareTreePaths } from "../paths.ts";
import type { Store } from "../store/index.ts";
import type { DigestTable, FileStat, GrowingTable } from "./file-digest-table.ts";
import { createTable, encodeTable, openTable } from "./file-digest-table.ts";

/** Digests by path and metadata. */
export interface FileDigests {
  /** The digest, when nothing of the metadata changed since it was put. */
  get(path: TreePath, stat: FileStat): Digest | undefined;
  /** Remembers a digest of bytes that were read after `startedMs` (milliseconds since the epoch). */
  put(path: TreePath, stat: FileStat, digest: Digest, startedMs: number): void;
}

/** `FileDigests` that last. */
interface StoredFileDigests extends FileDigests {
  /** Writes what is new to the store; nothing when nothing is. */
  flush(): Promise<void>;
}

const SPACE = "file-digests";
/** The clock of file systems is that coarse (10 ms on kernels with HZ=100), with a margin. */
const RACY_MS = 50;
const MAX_BYTES = 2 ** 31;
/** Files that were not met are kept up to this, or to as many as were met. */
const MIN_UNSEEN = 10_000;

/** Opens the memo of a root directory. `rootPath` names it and is not touched. A damaged memo counts as empty. */
export async function createFileDigests(store: Store, rootPath: string): Promise<StoredFileDigests> {
  const table = await load(store, rootPath);
  const fresh = createTable();
  const seen = new Uint8Array(table.count);
  let isDirty = false;
  /** Walks ask in order: the next is most often the one after the last. */
  let cursor = 0;
  const find = (path: TreePath): number => {
    if (table.compare(cursor, path) === 0) return cursor;
    let low = 0;
    let high = table.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (table.compare(middle, path) < 0) low = middle + 1;
      else high = middle;
    }
    return table.compare(low, path) === 0 ? low : -1;
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
      isDirty = true;
    },
    async flush() {
      if (!isDirty) return;
      isDirty = false;
      const { digest } = await store.blobs.put(encodeTable(table, fresh, joinRows(table, fresh, seen)));
      store.records.put(SPACE, rootPath, digest, [{ kind: "blob", id: digest }]);
    },
  };
}

async function load(store: Store, rootPath: string): Promise<DigestTable> {
  const id = store.records.get(SPACE, rootPath);
  if (typeof id !== "string" || !isDigest(id)) return createTable();
  try {
    return openTable(await store.blobs.read(id, MAX_BYTES));
  } catch (error) {
    // It only saves time.
    if (isDecantError(error, "BLOB_MISSING") || isDecantError(error, "STORE_CORRUPT")) return createTable();
    throw error;
  }
}

/** The rows of the new table in order: positions of `old`, and of `fresh` as -1 - position. Rows of `old` go that were put anew, or that are ever more of what is gone. */
function joinRows(old: DigestTable, fresh: GrowingTable, seen: Uint8Array): Int32Array {
  let met = fresh.count;
  for (const mark of seen) met += mark;
  const keepUnmet = seen.length - met <= Math.max(MIN_UNSEEN, met);
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

function sortedPositions(fresh: DigestTable): Uint32Array {
  const positions = Uint32Array.from({ length: fresh.count }, (_, position) => position);
  // Walks put in order.
  const isSorted = positions.every((position, at) => at === 0 || fresh.compare(positions[at - 1] ?? 0, fresh.path(position)) < 0);
  return isSorted ? positions : positions.sort((a, b) => compareTreePaths(fresh.path(a), fresh.path(b)));
}
