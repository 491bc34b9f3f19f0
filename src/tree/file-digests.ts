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
import type { DigestTable, FileStat } from "./file-digest-table.ts";
import { createTable, encodeTable, openTable } from "./file-digest-table.ts";
import { hashOf } from "./path-slots.ts";

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
  const added = createAdded(fresh);
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
      const known = added.at(path);
      if (known !== undefined) return fresh.matches(known, stat) ? fresh.digest(known) : undefined;
      const position = find(path);
      if (position < 0) return undefined;
      seen[position] = 1;
      cursor = position + 1;
      return table.matches(position, stat) ? table.digest(position) : undefined;
    },
    put(path, stat, digest, startedMs) {
      if (Math.max(stat.mtimeMs, stat.ctimeMs) > startedMs - RACY_MS) return;
      added.set(path, fresh.add(path, stat, digest));
      isDirty = true;
    },
    async flush() {
      if (!isDirty) return;
      isDirty = false;
      const { digest } = await store.blobs.put(encodeTable(table, fresh, joinRows(table, fresh, { seen, added })));
      store.records.put(SPACE, rootPath, digest, [{ kind: "blob", id: digest }]);
    },
  };
}

/** Positions of paths in the table of what is new: the last one that was put for a path. */
interface Added {
  readonly size: number;
  at(path: TreePath): number | undefined;
  set(path: TreePath, position: number): void;
  /** In the order in which they were put. */
  positions(): Uint32Array;
}

const FIRST_SLOTS = 1024;

/** A hash table with open addressing. Its slots hold positions, and `fresh` has the paths: a context may have a million files. */
function createAdded(fresh: DigestTable): Added {
  /** 1 + position; 0 is empty. */
  let slots = new Uint32Array(FIRST_SLOTS);
  let size = 0;
  /** The slot that holds the path, or the empty one where it belongs. */
  const slotOf = (path: TreePath): number => {
    const mask = slots.length - 1;
    let slot = hashOf(0, path, 0, path.length) & mask;
    for (let held = slots[slot] ?? 0; held !== 0 && fresh.compare(held - 1, path) !== 0; held = slots[slot] ?? 0) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = (): void => {
    const before = slots;
    slots = new Uint32Array(before.length * 2);
    for (const held of before) if (held !== 0) slots[slotOf(fresh.path(held - 1))] = held;
  };
  return {
    get size() {
      return size;
    },
    at(path) {
      const held = size === 0 ? 0 : (slots[slotOf(path)] ?? 0);
      return held === 0 ? undefined : held - 1;
    },
    set(path, position) {
      const slot = slotOf(path);
      if (slots[slot] === 0) size += 1;
      slots[slot] = position + 1;
      if (size * 2 >= slots.length) grow();
    },
    positions: () =>
      slots
        .filter((held) => held !== 0)
        .map((held) => held - 1)
        .sort(),
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
function joinRows(old: DigestTable, fresh: DigestTable, { seen, added }: { readonly seen: Uint8Array; readonly added: Added }): Int32Array {
  let met = added.size;
  for (const mark of seen) met += mark;
  const keepUnmet = seen.length - met <= Math.max(MIN_UNSEEN, met);
  const rows = new Int32Array(old.count + added.size);
  let count = 0;
  let at = 0;
  const takeOld = (until: TreePath | undefined): void => {
    for (; at < old.count && (until === undefined || old.compare(at, until) < 0); at += 1) {
      if ((!keepUnmet && seen[at] !== 1) || added.at(old.path(at)) !== undefined) continue;
      rows[count] = at;
      count += 1;
    }
  };
  for (const position of sortedPositions(fresh, added)) {
    takeOld(fresh.path(position));
    rows[count] = -1 - position;
    count += 1;
  }
  takeOld(undefined);
  return rows.subarray(0, count);
}

function sortedPositions(fresh: DigestTable, added: Added): Uint32Array {
  const positions = added.positions();
  // Walks put in order.
  const isSorted = positions.every((position, at) => at === 0 || fresh.compare(positions[at - 1] ?? 0, fresh.path(position)) < 0);
  return isSorted ? positions : positions.sort((a, b) => compareTreePaths(fresh.path(a), fresh.path(b)));
}
