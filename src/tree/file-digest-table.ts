/**
 * The bytes of a memo of file digests: a header, one record of 88 bytes a file sorted by `compareTreePaths`, and a heap of paths.
 *
 *   header  "DCNTFD1\n" | u32 count | u32 zero
 *   record  u32 path at, path length | f64 size, mtime ms, ctime ms, inode, device | u32 mode, zero | 32 bytes sha256
 */
import type { Stats } from "node:fs";
import type { Digest } from "../digest.ts";
import { hexOf } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { createGrowingBytes } from "./growing-bytes.ts";
import { createFilePages, type Span } from "./file-pages.ts";
import { comparePathText } from "./index-format.ts";
import { createNumberSlots } from "./number-slots.ts";
import { hashOf } from "./path-slots.ts";

/** What of a file's metadata must be as it was. */
export type FileStat = Pick<Stats, "size" | "mtimeMs" | "ctimeMs" | "ino" | "dev" | "mode">;

const MAGIC = "DCNTFD1\n";
const HEADER = 16;
const RECORD = 88;
const DIGEST_AT = 56;
/** The field that is zero in a memo. A table that grows keeps the hash of the path there. */
const HASH = 13;
const MAX_BYTES = 2 ** 31;
/** So much is written at a time. */
const PIECE_BYTES = 256 * 1024;

/** Records by position. */
export interface DigestTable {
  readonly count: number;
  compare(position: number, path: string): number;
  path(position: number): TreePath;
  matches(position: number, stat: FileStat): boolean;
  digest(position: number): Digest;
  copyRecord(position: number, out: Buffer, outAt: number): void;
  pathLength(position: number): number;
}

/** A table that grows at its end. */
export interface GrowingTable extends DigestTable {
  /** The position of a path, or -1. */
  find(path: TreePath): number;
  /** Sets the record of a path. */
  put(path: TreePath, stat: FileStat, digest: Digest): void;
  /** Takes all records away, and gives their memory back. */
  clear(): void;
}

/** A table in a file. */
export interface StoredTable extends DigestTable, Disposable {}

/** Opens a file whose digest was checked: it is as `encodeTable` made it. Anything of another format is an empty table. Takes over the descriptor. */
export function openTable(fd: number): StoredTable {
  const pages = createFilePages(fd);
  const head = pages.span(0);
  const at = head.at(0, HEADER);
  const count = head.bytes.toString("latin1", at, at + 8) === MAGIC ? head.bytes.readUInt32LE(at + 8) : 0;
  return {
    ...tableOver(pages.span(HEADER), pages.span(HEADER + count * RECORD), () => count),
    [Symbol.dispose]: () => pages[Symbol.dispose](),
  };
}

/** Starts an empty table. */
export function createTable(): GrowingTable {
  const records = createGrowingBytes(MAX_BYTES);
  const paths = createGrowingBytes(MAX_BYTES);
  let count = 0;
  const table = tableOver(wholeOf(records), wholeOf(paths), () => count);
  // Of a position plus 1.
  const hashAt = (position: number): number => records.u32[(position * RECORD) / 4 + HASH] ?? 0;
  const newSlots = (): ReturnType<typeof createNumberSlots> => createNumberSlots((number) => hashAt(number - 1));
  let slots = newSlots();
  const findHashed = (path: TreePath, hash: number): number =>
    slots.find(hash, (number) => hashAt(number - 1) === hash && table.compare(number - 1, path) === 0) - 1;
  const add = (path: TreePath, hash: number): number => {
    const at = records.reserve(RECORD);
    const pathAt = paths.reserve(path.length);
    records.u32[at / 4] = pathAt;
    records.u32[at / 4 + 1] = path.length;
    records.u32[at / 4 + HASH] = hash;
    paths.bytes.write(path, pathAt, "latin1");
    count += 1;
    slots.add(count);
    return count - 1;
  };
  return {
    ...table,
    get count() {
      return count;
    },
    find: (path) => findHashed(path, hashOfPath(path)),
    put(path, stat, digest) {
      const hash = hashOfPath(path);
      const known = findHashed(path, hash);
      const at = (known < 0 ? add(path, hash) : known) * RECORD;
      const { bytes, u32, f64 } = records;
      f64[at / 8 + 1] = stat.size;
      f64[at / 8 + 2] = stat.mtimeMs;
      f64[at / 8 + 3] = stat.ctimeMs;
      f64[at / 8 + 4] = stat.ino;
      f64[at / 8 + 5] = stat.dev;
      u32[at / 4 + 12] = stat.mode;
      bytes.write(hexOf(digest), at + DIGEST_AT, 32, "hex");
    },
    clear() {
      count = 0;
      slots = newSlots();
      records.shrink(0);
      paths.shrink(0);
    },
  };
}

/**
 * Gives the bytes of a table of `rows`: positions of `old`, and of `fresh` as -1 - position, in the order of their paths. A piece is valid until the
 * next is asked for.
 */
export function* encodeTable(old: DigestTable, fresh: DigestTable, rows: Int32Array): Generator<Buffer, void, undefined> {
  const out = Buffer.allocUnsafeSlow(PIECE_BYTES);
  out.fill(0, 0, HEADER);
  out.write(MAGIC, 0, "latin1");
  out.writeUInt32LE(rows.length, 8);
  let used = HEADER;
  let pathAt = 0;
  for (const row of rows) {
    if (used + RECORD > PIECE_BYTES) {
      yield out.subarray(0, used);
      used = 0;
    }
    const table = row < 0 ? fresh : old;
    const position = row < 0 ? -1 - row : row;
    table.copyRecord(position, out, used);
    out.writeUInt32LE(pathAt, used);
    out.writeUInt32LE(0, used + HASH * 4);
    pathAt += table.pathLength(position);
    used += RECORD;
  }
  for (const row of rows) {
    const path = row < 0 ? fresh.path(-1 - row) : old.path(row);
    if (used + path.length > PIECE_BYTES) {
      yield out.subarray(0, used);
      used = 0;
    }
    used += out.write(path, used, "latin1");
  }
  yield out.subarray(0, used);
}

function hashOfPath(path: TreePath): number {
  return hashOf(0, path, 0, path.length);
}

/** Memory that grows: what it is in changes with it. */
function wholeOf(memory: ReturnType<typeof createGrowingBytes>): Span {
  return {
    get bytes() {
      return memory.bytes;
    },
    at: (position) => position,
  };
}

function tableOver(records: Span, paths: Span, count: () => number): DigestTable {
  const recordAt = (position: number): number => records.at(position * RECORD, RECORD);
  const pathLength = (position: number): number => {
    const at = recordAt(position);
    return records.bytes.readUInt32LE(at + 4);
  };
  /** Where the path is in the bytes of `paths`. */
  const pathAt = (position: number, length: number): number => {
    const at = recordAt(position);
    return paths.at(records.bytes.readUInt32LE(at), length);
  };
  return {
    get count() {
      return count();
    },
    compare(position, path) {
      if (position >= count()) return 1;
      const length = pathLength(position);
      const at = pathAt(position, length);
      return comparePathText(paths.bytes, at, length, path);
    },
    path(position) {
      const length = pathLength(position);
      const at = pathAt(position, length);
      // Written from a TreePath.
      return paths.bytes.toString("latin1", at, at + length) as TreePath;
    },
    pathLength,
    matches(position, stat) {
      const at = recordAt(position);
      const { bytes } = records;
      return (
        bytes.readDoubleLE(at + 8) === stat.size &&
        bytes.readDoubleLE(at + 16) === stat.mtimeMs &&
        bytes.readDoubleLE(at + 24) === stat.ctimeMs &&
        bytes.readDoubleLE(at + 32) === stat.ino &&
        bytes.readDoubleLE(at + 40) === stat.dev &&
        bytes.readUInt32LE(at + 48) === stat.mode
      );
    },
    digest(position) {
      const at = recordAt(position) + DIGEST_AT;
      return `sha256:${records.bytes.toString("hex", at, at + 32)}` as Digest;
    },
    copyRecord(position, out, outAt) {
      const at = recordAt(position);
      records.bytes.copy(out, outAt, at, at + RECORD);
    },
  };
}
