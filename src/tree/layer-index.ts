/** Reading a layer index: entries are made when asked for, paths are compared as bytes where they are. See `index-format.ts`. */
import { InternalError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { corruptIndex } from "./errors.ts";
import type { RecordViews } from "./index-format.ts";
import {
  BYTE_ORDER_MARK,
  F64,
  FLAG,
  HEADER_SIZE,
  KIND_CODE,
  KINDS,
  MAGIC,
  NEEDS_LOWER,
  NO_XATTRS,
  RECORD_F64,
  RECORD_SIZE,
  RECORD_U32,
  U32,
  alignedBuffer,
  comparePathBytes,
  comparePathText,
  viewsOf,
  xattrsSize,
} from "./index-format.ts";
import { readEntry, type RecordMemory } from "./packed-entry.ts";
import type { EntryKind, LayerIndex } from "./types.ts";

/** A layer index as the store keeps it. */
export interface StoredIndex extends LayerIndex {
  /** The whole encoding, to be stored. */
  readonly bytes: Buffer;
}

/** Checks and opens an encoded index. Throws `STORE_CORRUPT` for anything that `encodeIndex` does not make. */
export function decodeIndex(encoded: Uint8Array): StoredIndex {
  if (encoded.byteLength < HEADER_SIZE) throw corruptIndex("it is cut off");
  // Views need aligned memory.
  let bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  if (bytes.byteOffset % 8 !== 0) {
    bytes = alignedBuffer(encoded.byteLength);
    bytes.set(encoded);
  }
  if (bytes.toString("latin1", 0, 8) !== MAGIC) throw corruptIndex("it has an unknown format");
  const views = viewsOf(bytes);
  const count = views.u32[2] ?? 0;
  const heapSize = views.u32[3] ?? 0;
  if (views.u32[4] !== BYTE_ORDER_MARK) throw corruptIndex("it was written on another kind of machine");
  if (HEADER_SIZE + count * RECORD_SIZE + heapSize !== bytes.byteLength) throw corruptIndex("its size is wrong");
  checkRecords(views, count);
  return openIndex(bytes);
}

/** Opens an encoding that this process made. */
export function openIndex(bytes: Buffer): StoredIndex {
  const views = viewsOf(bytes);
  const count = views.u32[2] ?? 0;
  const heap = HEADER_SIZE + count * RECORD_SIZE;
  const { u32, f64 } = views;
  const memory: RecordMemory = { ...viewsOf(bytes.subarray(HEADER_SIZE)), heap: bytes.subarray(heap) };
  const word = (position: number, field: number): number => u32[8 + position * RECORD_U32 + field] ?? 0;
  const float = (position: number, field: number): number => f64[4 + position * RECORD_F64 + field] ?? 0;
  const kindOf = (position: number): EntryKind => KINDS[word(position, U32.kindFlags) & 0xff] ?? "file";
  const flagsOf = (position: number): number => word(position, U32.kindFlags) >>> 8;
  const pathOf = (position: number): TreePath => {
    const at = heap + word(position, U32.pathAt);
    // The bytes came from a TreePath, or were checked to be one.
    return bytes.toString("latin1", at, at + word(position, U32.pathLength)) as TreePath;
  };

  /** The first position whose path is not before `path` (or, with `after`, not before or below it). */
  const bound = (path: string, after: boolean): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = comparePathText(bytes, heap + word(middle, U32.pathAt), word(middle, U32.pathLength), path, after);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    bytes,
    count,
    needsLower: ((u32[5] ?? 0) & NEEDS_LOWER) !== 0,
    at(position) {
      if (position < 0 || position >= count) throw new InternalError(`no index entry ${position} of ${count}`);
      return readEntry(memory, position, pathOf(position));
    },
    path: pathOf,
    kind: kindOf,
    size: (position) => float(position, F64.size),
    isOpaque: (position) => kindOf(position) === "opaque" || (flagsOf(position) & FLAG.opaque) !== 0,
    isLinked: (position) => (flagsOf(position) & FLAG.linked) !== 0,
    dataOffset: (position) => float(position, F64.dataOffset),
    find(path) {
      const position = bound(path, false);
      if (position >= count || word(position, U32.pathLength) !== path.length) return -1;
      return comparePathText(bytes, heap + word(position, U32.pathAt), path.length, path, false) === 0 ? position : -1;
    },
    below(path) {
      if (path === "") return [count > 0 && word(0, U32.pathLength) === 0 ? 1 : 0, count];
      let start = bound(path, false);
      if (start < count && word(start, U32.pathLength) === path.length) {
        if (comparePathText(bytes, heap + word(start, U32.pathAt), path.length, path, false) === 0) start += 1;
      }
      // Most paths are files: look before searching.
      if (start >= count || !isBelow(bytes, heap + word(start, U32.pathAt), word(start, U32.pathLength), path)) return [start, start];
      return [start, bound(path, true)];
    },
  };
}

function isBelow(bytes: Buffer, at: number, pathLength: number, path: string): boolean {
  return pathLength > path.length && bytes[at + path.length] === 47 && comparePathText(bytes, at, path.length, path, false) === 0;
}

function checkRecords({ bytes, u32, f64 }: RecordViews, count: number): void {
  const heap = HEADER_SIZE + count * RECORD_SIZE;
  const heapSize = bytes.byteLength - heap;
  let previousAt = 0;
  let previousLength = -1;
  for (let position = 0; position < count; position += 1) {
    const base = 8 + position * RECORD_U32;
    const floats = 4 + position * RECORD_F64;
    const pathAt = u32[base + U32.pathAt] ?? 0;
    const pathLength = u32[base + U32.pathLength] ?? 0;
    if (pathAt + pathLength > heapSize) throw corruptIndex(`path ${position} is outside`);
    if (!isCleanPath(bytes, heap + pathAt, pathLength)) throw corruptIndex(`path ${position} is not clean`);
    if (previousLength >= 0 && comparePathBytes(bytes, heap + previousAt, previousLength, heap + pathAt, pathLength) >= 0) {
      throw corruptIndex(`path ${position} is out of order`);
    }
    previousAt = pathAt;
    previousLength = pathLength;
    const kind = (u32[base + U32.kindFlags] ?? 0) & 0xff;
    const linkAt = u32[base + U32.linkAt] ?? 0;
    const linkLength = u32[base + U32.linkLength] ?? 0;
    const xattrsAt = u32[base + U32.xattrsAt] ?? 0;
    const size = f64[floats + F64.size] ?? -1;
    if (
      kind >= KINDS.length ||
      (u32[base + U32.mode] ?? 0) > 0o7777 ||
      (u32[base + U32.mtimeNsec] ?? 0) >= 1e9 ||
      linkAt + linkLength > heapSize ||
      !Number.isSafeInteger(size) ||
      size < 0 ||
      !Number.isSafeInteger(f64[floats + F64.mtimeSec]) ||
      !Number.isSafeInteger(f64[floats + F64.dataOffset]) ||
      (xattrsAt !== NO_XATTRS && xattrsSize(bytes, heap + xattrsAt, bytes.byteLength) < 0) ||
      ((kind === KIND_CODE.hardlink || kind === KIND_CODE.symlink) && linkLength === 0) ||
      (kind === KIND_CODE.hardlink && !isCleanPath(bytes, heap + linkAt, linkLength))
    ) {
      throw corruptIndex(`entry ${position} has values that cannot be`);
    }
  }
}

/** No leading, trailing or double slash, no "." or "..", no NUL. */
function isCleanPath(bytes: Buffer, at: number, length: number): boolean {
  let partLength = 0;
  let dots = 0;
  for (let index = 0; index <= length; index += 1) {
    const byte = index === length ? 47 : bytes[at + index];
    if (byte === 47) {
      if (length > 0 && (partLength === 0 || (dots === partLength && partLength <= 2))) return false;
      partLength = 0;
      dots = 0;
    } else {
      if (byte === 0) return false;
      partLength += 1;
      if (byte === 46) dots += 1;
    }
  }
  return true;
}
