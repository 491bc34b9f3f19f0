/**
 * The bytes of a layer index: a header, one fixed-size record an entry in `compareTreePaths` order, and a heap with paths, link targets
 * and extended attributes. About 105 bytes an entry plus its path. Numbers are in the machine's byte order: an index never leaves its store.
 *
 *   header  "DCNTIX1\n" | u32 count | u32 heap size | u32 byte order mark | u32 flags | u64 zero
 *   record  u32 ×12: path at, path length, kind + flags, mode, uid, gid, link at, link length, mtime ns, xattrs at, major, minor
 *           f64 ×3: size, mtime s, position of the data in the uncompressed tar (-1: none)      32 bytes: sha256 of the content
 */
import type { EntryKind } from "./types.ts";

export const MAGIC = "DCNTIX1\n";
export const BYTE_ORDER_MARK = 0x01020304;
export const HEADER_SIZE = 32;
export const RECORD_SIZE = 104;
/** Where the digest is in a record. */
export const DIGEST_AT = 72;

/** Index of each u32 of a record. */
export const U32 = {
  pathAt: 0,
  pathLength: 1,
  kindFlags: 2,
  mode: 3,
  uid: 4,
  gid: 5,
  linkAt: 6,
  linkLength: 7,
  mtimeNsec: 8,
  xattrsAt: 9,
  major: 10,
  minor: 11,
} as const;
/** Index of each f64 of a record, counted from the record's start. */
export const F64 = { size: 6, mtimeSec: 7, dataOffset: 8 } as const;
export const RECORD_U32 = 26;
export const RECORD_F64 = 13;

/** `dataOffset` of an entry without bytes in a tar. */
export const NO_DATA = -1;

/** `xattrsAt` of an entry without extended attributes. */
export const NO_XATTRS = 0xffffffff;

export const FLAG = { digest: 1, opaque: 2, linked: 4, device: 8 } as const;
/** Header flag: what the layer is depends on what is below it. */
export const NEEDS_LOWER = 1;

export const KINDS: readonly EntryKind[] = ["file", "dir", "symlink", "hardlink", "char", "block", "fifo", "whiteout", "opaque"];
export const KIND_CODE: Readonly<Record<EntryKind, number>> = {
  file: 0,
  dir: 1,
  symlink: 2,
  hardlink: 3,
  char: 4,
  block: 5,
  fifo: 6,
  whiteout: 7,
  opaque: 8,
};

/** One piece of memory, read in three ways. */
export interface RecordViews {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

/** Views over `bytes`, whose memory must start at a multiple of 8. */
export function viewsOf(bytes: Buffer): RecordViews {
  return {
    bytes,
    u32: new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4)),
    f64: new Float64Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 8)),
  };
}

/** Memory that starts at a multiple of 8. */
export function alignedBuffer(size: number): Buffer {
  return Buffer.allocUnsafeSlow(size);
}

/** Extended attributes → heap bytes: u16 count, then u16 name length, u32 value length, name, value; sorted by name. */
export function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array>): Buffer {
  const names = [...xattrs.keys()].sort();
  const parts: Uint8Array[] = [];
  const count = Buffer.alloc(2);
  count.writeUInt16LE(names.length);
  parts.push(count);
  for (const name of names) {
    const value = xattrs.get(name) ?? new Uint8Array(0);
    const head = Buffer.alloc(6);
    head.writeUInt16LE(name.length, 0);
    head.writeUInt32LE(value.byteLength, 2);
    parts.push(head, Buffer.from(name, "latin1"), value);
  }
  return Buffer.concat(parts);
}

/** The size of what `encodeXattrs` wrote at `at`, or -1 when it does not fit below `end`. */
export function xattrsSize(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) return -1;
  let position = at + 2;
  for (let left = bytes.readUInt16LE(at); left > 0; left -= 1) {
    if (position + 6 > end) return -1;
    position += 6 + bytes.readUInt16LE(position) + bytes.readUInt32LE(position + 2);
  }
  return position > end ? -1 : position - at;
}

/** Reads what `encodeXattrs` wrote. */
export function decodeXattrs(bytes: Buffer, at: number): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  let position = at + 2;
  for (let left = bytes.readUInt16LE(at); left > 0; left -= 1) {
    const nameLength = bytes.readUInt16LE(position);
    const valueLength = bytes.readUInt32LE(position + 2);
    const valueAt = position + 6 + nameLength;
    xattrs.set(bytes.toString("latin1", position + 6, valueAt), Buffer.from(bytes.subarray(valueAt, valueAt + valueLength)));
    position = valueAt + valueLength;
  }
  return xattrs;
}

const PIECE = 256;

/** Compares two paths that are both in `bytes`, as `compareTreePaths` does. */
export function comparePathBytes(bytes: Buffer, aAt: number, aLength: number, bAt: number, bLength: number): number {
  const length = aLength < bLength ? aLength : bLength;
  let same = 0;
  // Long names are compared in pieces first: what they begin with is most often the same.
  while (same + PIECE <= length && bytes.compare(bytes, bAt + same, bAt + same + PIECE, aAt + same, aAt + same + PIECE) === 0)
    same += PIECE;
  for (let at = same; at < length; at += 1) {
    const x = bytes[aAt + at] ?? 0;
    const y = bytes[bAt + at] ?? 0;
    if (x !== y) return x === 47 ? -1 : y === 47 ? 1 : x - y;
  }
  return aLength - bLength;
}

/** Compares the path in `bytes` with `path`; with `after`, `path` stands for the end of its own subtree. */
export function comparePathText(bytes: Uint8Array, at: number, pathLength: number, path: string, after = false): number {
  const length = pathLength < path.length ? pathLength : path.length;
  for (let index = 0; index < length; index += 1) {
    const x = bytes[at + index] ?? 0;
    const y = path.charCodeAt(index);
    if (x !== y) return x === 47 ? -1 : y === 47 ? 1 : x - y;
  }
  if (after && pathLength >= path.length && (pathLength === path.length || bytes[at + path.length] === 47)) return -1;
  return pathLength - path.length;
}

/** The records of an index in the making, in the order in which they came. `bytes` has no header. */
export interface RawRecords {
  readonly count: number;
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly heap: Buffer;
  /** Appends a copy of a record under another path. */
  copy(record: number, path: string): number;
  /** Writes a string to the heap and gives where. */
  heapString(text: string): number;
  /** The same for bytes. */
  heapBytes(bytes: Uint8Array): number;
}
