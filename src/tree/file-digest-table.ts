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
import { alignedBuffer, comparePathText } from "./index-format.ts";
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

/** Records by position. */
export interface DigestTable {
  readonly count: number;
  compare(position: number, path: string): number;
  path(position: number): TreePath;
  matches(position: number, stat: FileStat): boolean;
  digest(position: number): Digest;
  /** Copies a record and its path; gives the bytes of the path. */
  copyTo(position: number, out: Buffer, recordAt: number, pathAt: number): number;
  pathLength(position: number): number;
}

/** A table that grows at its end. */
export interface GrowingTable extends DigestTable {
  /** The position of a path, or -1. */
  find(path: TreePath): number;
  /** Sets the record of a path. */
  put(path: TreePath, stat: FileStat, digest: Digest): void;
}

/** Opens bytes whose digest was checked: they are as `encodeTable` made them. Anything of another format is an empty table. */
export function openTable(blob: Buffer | undefined): DigestTable {
  if (blob === undefined || blob.byteLength < HEADER || blob.toString("latin1", 0, 8) !== MAGIC) return createTable();
  const bytes = alignedBuffer(blob.byteLength);
  blob.copy(bytes);
  const count = bytes.readUInt32LE(8);
  return tableOver(
    () => bytes.subarray(HEADER),
    () => bytes.subarray(HEADER + count * RECORD),
    () => count,
  );
}

/** Starts an empty table. */
export function createTable(): GrowingTable {
  const records = createGrowingBytes(MAX_BYTES);
  const paths = createGrowingBytes(MAX_BYTES);
  let count = 0;
  const table = tableOver(
    () => records.bytes,
    () => paths.bytes,
    () => count,
  );
  // Of a position plus 1.
  const hashAt = (position: number): number => records.u32[(position * RECORD) / 4 + HASH] ?? 0;
  const slots = createNumberSlots((number) => hashAt(number - 1));
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
  };
}

/** Makes a table of `rows`: positions of `old`, and of `fresh` as -1 - position, in the order of their paths. */
export function encodeTable(old: DigestTable, fresh: DigestTable, rows: Int32Array): Buffer {
  const heap = HEADER + rows.length * RECORD;
  let size = heap;
  for (const row of rows) size += row < 0 ? fresh.pathLength(-1 - row) : old.pathLength(row);
  const bytes = alignedBuffer(Math.ceil(size / 8) * 8);
  bytes.fill(0, 0, HEADER).fill(0, size);
  bytes.write(MAGIC, 0, "latin1");
  bytes.writeUInt32LE(rows.length, 8);
  let pathAt = heap;
  rows.forEach((row, number) => {
    const recordAt = HEADER + number * RECORD;
    const length = row < 0 ? fresh.copyTo(-1 - row, bytes, recordAt, pathAt) : old.copyTo(row, bytes, recordAt, pathAt);
    bytes.writeUInt32LE(pathAt - heap, recordAt);
    bytes.writeUInt32LE(0, recordAt + HASH * 4);
    pathAt += length;
  });
  return bytes;
}

function hashOfPath(path: TreePath): number {
  return hashOf(0, path, 0, path.length);
}

function tableOver(records: () => Buffer, paths: () => Buffer, count: () => number): DigestTable {
  const word = (position: number, field: number): number => records().readUInt32LE(position * RECORD + field * 4);
  const float = (position: number, field: number): number => records().readDoubleLE(position * RECORD + field * 8);
  return {
    get count() {
      return count();
    },
    compare: (position, path) => (position >= count() ? 1 : comparePathText(paths(), word(position, 0), word(position, 1), path)),
    // Written from a TreePath.
    path: (position) => paths().toString("latin1", word(position, 0), word(position, 0) + word(position, 1)) as TreePath,
    pathLength: (position) => word(position, 1),
    matches: (position, stat) =>
      float(position, 1) === stat.size &&
      float(position, 2) === stat.mtimeMs &&
      float(position, 3) === stat.ctimeMs &&
      float(position, 4) === stat.ino &&
      float(position, 5) === stat.dev &&
      word(position, 12) === stat.mode,
    digest(position) {
      const at = position * RECORD + DIGEST_AT;
      return `sha256:${records().toString("hex", at, at + 32)}` as Digest;
    },
    copyTo(position, out, recordAt, pathAt) {
      records().copy(out, recordAt, position * RECORD, (position + 1) * RECORD);
      paths().copy(out, pathAt, word(position, 0), word(position, 0) + word(position, 1));
      return word(position, 1);
    },
  };
}
