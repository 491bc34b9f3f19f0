/**
 * Makes a layer index from entries in the order of an archive (image-spec layer.md): sorts them, lets the last of several entries of one
 * name win, merges whiteouts with what the same layer adds, and resolves hard links. Works on packed records, so that a million entries cost
 * about 170 MB at their peak and nothing afterwards.
 */
import { InternalError } from "../errors.ts";
import type { RawRecords } from "./index-format.ts";
import {
  BYTE_ORDER_MARK,
  DIGEST_AT,
  F64,
  FLAG,
  HEADER_SIZE,
  KIND_CODE,
  MAGIC,
  NEEDS_LOWER,
  NO_XATTRS,
  RECORD_F64,
  RECORD_SIZE,
  RECORD_U32,
  U32,
  alignedBuffer,
  comparePathBytes,
  encodeXattrs,
  viewsOf,
} from "./index-format.ts";
import type { StoredIndex } from "./layer-index.ts";
import { openIndex } from "./layer-index.ts";
import { settleRecords } from "./index-settle.ts";
import type { Entry } from "./types.ts";

/** Collects entries; each becomes a numbered record. */
interface IndexBuilder {
  readonly count: number;
  /** Adds an entry and gives its record number. `dataOffset`: where its content is in the tar, or `NO_DATA`. */
  add(entry: Entry, dataOffset: number): number;
  /** Sets what is known only after the content was read. */
  setContent(record: number, digestHex: string): void;
  /** Ends it. Throws `TAR` for entries that contradict each other (a file with entries below it, links in circles). */
  finish(): BuiltIndex;
}

/** A finished index. */
export interface BuiltIndex {
  readonly index: StoredIndex;
  /** False when names came twice or under symlinks, or hard links had metadata of their own: not what a stream would unpack to. */
  readonly regular: boolean;
}

/** Starts an index. */
export function createIndexBuilder(): IndexBuilder {
  let records = alignedBuffer(1024 * RECORD_SIZE);
  let views = viewsOf(records);
  let heap = alignedBuffer(64 * 1024);
  let heapSize = 0;
  let count = 0;

  const reserveRecord = (): number => {
    if ((count + 1) * RECORD_SIZE > records.byteLength) {
      const larger = alignedBuffer(records.byteLength * 2);
      records.copy(larger);
      records = larger;
      views = viewsOf(records);
    }
    count += 1;
    return count - 1;
  };
  const reserveHeap = (size: number): number => {
    const at = heapSize;
    heapSize += size;
    if (heapSize > 0xfffffff0) throw new InternalError("a layer index has more than 4 GiB of names");
    if (heapSize > heap.byteLength) {
      const larger = alignedBuffer(Math.max(heap.byteLength * 2, heapSize));
      heap.copy(larger, 0, 0, at);
      heap = larger;
    }
    return at;
  };
  const heapString = (text: string): number => {
    const at = reserveHeap(text.length);
    heap.write(text, at, "latin1");
    return at;
  };
  const heapBytes = (bytes: Uint8Array): number => {
    const at = reserveHeap(bytes.byteLength);
    heap.set(bytes, at);
    return at;
  };

  return {
    get count() {
      return count;
    },
    add(entry, dataOffset) {
      const record = reserveRecord();
      const { u32, f64 } = views;
      const base = record * RECORD_U32;
      const floats = record * RECORD_F64;
      let flags = 0;
      u32[base + U32.pathAt] = heapString(entry.path);
      u32[base + U32.pathLength] = entry.path.length;
      u32[base + U32.mode] = entry.mode;
      u32[base + U32.uid] = entry.uid;
      u32[base + U32.gid] = entry.gid;
      u32[base + U32.linkAt] = entry.link === undefined ? 0 : heapString(entry.link);
      u32[base + U32.linkLength] = entry.link?.length ?? 0;
      u32[base + U32.mtimeNsec] = entry.mtimeNsec;
      u32[base + U32.xattrsAt] = entry.xattrs === undefined || entry.xattrs.size === 0 ? NO_XATTRS : heapBytes(encodeXattrs(entry.xattrs));
      u32[base + U32.major] = entry.major ?? 0;
      u32[base + U32.minor] = entry.minor ?? 0;
      if (entry.kind === "char" || entry.kind === "block") flags |= FLAG.device;
      if (entry.opaque === true) flags |= FLAG.opaque;
      f64[floats + F64.size] = entry.kind === "file" ? entry.size : 0;
      f64[floats + F64.mtimeSec] = entry.mtimeSec;
      f64[floats + F64.dataOffset] = dataOffset;
      const digestAt = record * RECORD_SIZE + DIGEST_AT;
      if (entry.digest === undefined || entry.kind !== "file") records.fill(0, digestAt, digestAt + 32);
      else {
        flags |= FLAG.digest;
        records.write(entry.digest.slice(entry.digest.indexOf(":") + 1), digestAt, 32, "hex");
      }
      u32[base + U32.kindFlags] = KIND_CODE[entry.kind] | (flags << 8);
      return record;
    },
    setContent(record, digestHex) {
      records.write(digestHex, record * RECORD_SIZE + DIGEST_AT, 32, "hex");
      views.u32[record * RECORD_U32 + U32.kindFlags] = (views.u32[record * RECORD_U32 + U32.kindFlags] ?? 0) | (FLAG.digest << 8);
    },
    finish() {
      const raw: RawRecords = {
        get count() {
          return count;
        },
        get bytes() {
          return records;
        },
        get u32() {
          return views.u32;
        },
        get f64() {
          return views.f64;
        },
        get heap() {
          return heap;
        },
        copy(record, path) {
          const made = reserveRecord();
          records.copy(records, made * RECORD_SIZE, record * RECORD_SIZE, (record + 1) * RECORD_SIZE);
          views.u32[made * RECORD_U32 + U32.pathAt] = heapString(path);
          views.u32[made * RECORD_U32 + U32.pathLength] = path.length;
          return made;
        },
        heapString,
        heapBytes,
      };
      const { order, regular, hasOutsideLinks } = settleRecords(raw);
      return { index: openIndex(assemble(raw, order, { heapSize, hasOutsideLinks })), regular };
    },
  };
}

/** Header, records in their order, heap. */
function assemble(
  raw: RawRecords,
  order: Uint32Array | undefined,
  { heapSize, hasOutsideLinks }: { readonly heapSize: number; readonly hasOutsideLinks: boolean },
): Buffer {
  const count = order?.length ?? raw.count;
  const bytes = alignedBuffer(HEADER_SIZE + count * RECORD_SIZE + heapSize);
  bytes.fill(0, 0, HEADER_SIZE);
  bytes.write(MAGIC, 0, "latin1");
  const { u32 } = viewsOf(bytes);
  u32[2] = count;
  u32[3] = heapSize;
  u32[4] = BYTE_ORDER_MARK;
  if (order === undefined) raw.bytes.copy(bytes, HEADER_SIZE, 0, count * RECORD_SIZE);
  else {
    for (let position = 0; position < count; position += 1) {
      const from = (order[position] ?? 0) * RECORD_SIZE;
      raw.bytes.copy(bytes, HEADER_SIZE + position * RECORD_SIZE, from, from + RECORD_SIZE);
    }
  }
  raw.heap.copy(bytes, HEADER_SIZE + count * RECORD_SIZE, 0, heapSize);
  u32[5] = hasOutsideLinks || hasGaps(bytes, u32, count) ? NEEDS_LOWER : 0;
  return bytes;
}

/** Does an entry, or an opaque mark, lack an entry for its directory? The root needs none. */
function hasGaps(bytes: Buffer, u32: Uint32Array, count: number): boolean {
  const heap = HEADER_SIZE + count * RECORD_SIZE;
  /** Directories around the current path: where their paths are, and how long. */
  const open: { at: number; length: number }[] = [];
  for (let position = 0; position < count; position += 1) {
    const base = 8 + position * RECORD_U32;
    const kind = (u32[base + U32.kindFlags] ?? 0) & 0xff;
    if (kind === KIND_CODE.opaque) return true;
    const at = heap + (u32[base + U32.pathAt] ?? 0);
    const length = u32[base + U32.pathLength] ?? 0;
    let top = open.at(-1);
    while (
      top !== undefined &&
      !(length > top.length && bytes[at + top.length] === 47 && comparePathBytes(bytes, at, top.length, top.at, top.length) === 0)
    ) {
      open.pop();
      top = open.at(-1);
    }
    const rest = top === undefined ? 0 : top.length + 1;
    const slash = bytes.indexOf(47, at + rest);
    if (slash >= 0 && slash < at + length) return true;
    if (kind === KIND_CODE.dir && length > 0) open.push({ at, length });
  }
  return false;
}
