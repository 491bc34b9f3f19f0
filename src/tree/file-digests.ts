/**
 * Remembers the digests of host files between builds, so that an unchanged file costs one lstat. One sorted table per root, kept as a blob.
 * Like git's index, it does not believe what changed within the clock's grain of being hashed.
 */
import type { Stats } from "node:fs";
import type { Digest } from "../digest.ts";
import { hexOf, isDigest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { compareTreePaths } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { alignedBuffer, comparePathText, viewsOf } from "./index-format.ts";

/** What of a file's metadata must be as it was. */
export type FileStat = Pick<Stats, "size" | "mtimeMs" | "ctimeMs" | "ino" | "dev" | "mode">;

/** Digests by path and metadata. */
export interface FileDigests {
  /** The digest, when nothing of the metadata changed since it was put. */
  get(path: TreePath, stat: FileStat): Digest | undefined;
  /** Remembers a digest of bytes that were read after `startedMs` (milliseconds since the epoch). */
  put(path: TreePath, stat: FileStat, digest: Digest, startedMs: number): void;
}

/** `FileDigests` that last. */
export interface StoredFileDigests extends FileDigests {
  /** Writes what is new to the store; nothing when nothing is. */
  flush(): Promise<void>;
}

const SPACE = "file-digests";
const MAGIC = "DCNTFD1\n";
const HEADER = 16;
const RECORD = 88;
const DIGEST_AT = 56;
/** The clock of file systems is that coarse (10 ms on kernels with HZ=100), with a margin. */
const RACY_MS = 50;
const MAX_BYTES = 2 ** 31;

interface Memo {
  readonly stat: FileStat;
  readonly digest: Digest;
}

/** Opens the memo of a root directory. `rootPath` names it and is not touched. A damaged memo counts as empty. */
export async function createFileDigests(store: Store, rootPath: string): Promise<StoredFileDigests> {
  const table = await load(store, rootPath);
  const added = new Map<TreePath, Memo>();
  const seen = new Uint8Array(table.count);
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
    cursor = low;
    return table.compare(low, path) === 0 ? low : -1;
  };
  return {
    get(path, stat) {
      const fresh = added.get(path);
      if (fresh !== undefined) return isSame(fresh.stat, stat) ? fresh.digest : undefined;
      const position = find(path);
      if (position < 0) return undefined;
      seen[position] = 1;
      cursor = position + 1;
      return table.matches(position, stat) ? table.digest(position) : undefined;
    },
    put(path, stat, digest, startedMs) {
      if (Math.max(stat.mtimeMs, stat.ctimeMs) > startedMs - RACY_MS) return;
      const { size, mtimeMs, ctimeMs, ino, dev, mode } = stat;
      added.set(path, { stat: { size, mtimeMs, ctimeMs, ino, dev, mode }, digest });
    },
    async flush() {
      if (added.size === 0) return;
      const bytes = encode(table, added, seen);
      const { digest } = await store.blobs.put(bytes);
      store.records.put(SPACE, rootPath, digest, [{ kind: "blob", id: digest }]);
    },
  };
}

interface Table {
  readonly count: number;
  compare(position: number, path: string): number;
  path(position: number): TreePath;
  stat(position: number): FileStat;
  matches(position: number, stat: FileStat): boolean;
  digest(position: number): Digest;
}

async function load(store: Store, rootPath: string): Promise<Table> {
  const id = store.records.get(SPACE, rootPath);
  if (typeof id !== "string" || !isDigest(id)) return openTable(undefined);
  try {
    return openTable(await store.blobs.read(id, MAX_BYTES));
  } catch (error) {
    // It only saves time.
    if (isDecantError(error, "BLOB_MISSING") || isDecantError(error, "STORE_CORRUPT")) return openTable(undefined);
    throw error;
  }
}

/** The blob's digest was checked: the table is as this file wrote it. */
function openTable(blob: Buffer | undefined): Table {
  const usable = blob !== undefined && blob.toString("latin1", 0, 8) === MAGIC ? blob : Buffer.alloc(HEADER);
  const bytes = alignedBuffer(usable.byteLength);
  usable.copy(bytes);
  const { u32, f64 } = viewsOf(bytes);
  const count = u32[2] ?? 0;
  const heap = HEADER + count * RECORD;
  const word = (position: number, field: number): number => u32[4 + position * 22 + field] ?? 0;
  const float = (position: number, field: number): number => f64[2 + position * 11 + field] ?? 0;
  return {
    count,
    compare(position, path) {
      return position >= count ? 1 : comparePathText(bytes, heap + word(position, 0), word(position, 1), path);
    },
    // Written from a TreePath.
    path: (position) => bytes.toString("latin1", heap + word(position, 0), heap + word(position, 0) + word(position, 1)) as TreePath,
    stat: (position) => ({
      size: float(position, 1),
      mtimeMs: float(position, 2),
      ctimeMs: float(position, 3),
      ino: float(position, 4),
      dev: float(position, 5),
      mode: word(position, 12),
    }),
    matches: (position, stat) =>
      float(position, 1) === stat.size &&
      float(position, 2) === stat.mtimeMs &&
      float(position, 3) === stat.ctimeMs &&
      float(position, 4) === stat.ino &&
      float(position, 5) === stat.dev &&
      word(position, 12) === stat.mode,
    digest(position) {
      const at = HEADER + position * RECORD + DIGEST_AT;
      return `sha256:${bytes.toString("hex", at, at + 32)}` as Digest;
    },
  };
}

/** Old and new, sorted. Files that this build did not meet stay while they are fewer than those it met. */
function encode(table: Table, added: ReadonlyMap<TreePath, Memo>, seen: Uint8Array): Buffer {
  const old: number[] = [];
  const unseen: number[] = [];
  for (let position = 0; position < table.count; position += 1) {
    if (added.has(table.path(position))) continue;
    (seen[position] === 1 ? old : unseen).push(position);
  }
  const kept = unseen.length <= Math.max(10_000, old.length + added.size) ? [...old, ...unseen] : old;
  const rows: (readonly [TreePath, Memo])[] = kept.map((position) => [
    table.path(position),
    { stat: table.stat(position), digest: table.digest(position) },
  ]);
  rows.push(...added);
  rows.sort(([a], [b]) => compareTreePaths(a, b));
  const heapSize = rows.reduce((sum, [path]) => sum + path.length, 0);
  const heap = HEADER + rows.length * RECORD;
  const bytes = alignedBuffer(Math.ceil((heap + heapSize) / 8) * 8).fill(0);
  bytes.write(MAGIC, 0, "latin1");
  const { u32, f64 } = viewsOf(bytes);
  u32[2] = rows.length;
  let pathAt = 0;
  rows.forEach(([path, { stat, digest }], position) => {
    u32[4 + position * 22] = pathAt;
    u32[5 + position * 22] = path.length;
    u32[16 + position * 22] = stat.mode;
    f64.set([stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino, stat.dev], 3 + position * 11);
    bytes.write(hexOf(digest), HEADER + position * RECORD + DIGEST_AT, 32, "hex");
    bytes.write(path, heap + pathAt, "latin1");
    pathAt += path.length;
  });
  return bytes;
}

function isSame(a: FileStat, b: FileStat): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino && a.dev === b.dev && a.mode === b.mode;
}
