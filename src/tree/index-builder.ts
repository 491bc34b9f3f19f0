/**
 * Makes a layer index from entries in the order of an archive (image-spec layer.md): sorts them, lets the last of several entries of one
 * name win, merges whiteouts with what the same layer adds, and resolves hard links. Works on packed records, where they are: a million entries
 * cost about 150 MB, and not more while they are sorted.
 */
import type { RawRecords } from "./index-format.ts";
import {
  BYTE_ORDER_MARK,
  HEADER_SIZE,
  KIND_CODE,
  MAGIC,
  NEEDS_LOWER,
  RECORD_SIZE,
  RECORD_U32,
  U32,
  alignedBuffer,
  comparePathBytes,
  viewsOf,
} from "./index-format.ts";
import type { StoredIndex } from "./layer-index.ts";
import { openIndex } from "./layer-index.ts";
import { settleRecords } from "./index-settle.ts";
import { createRecords, type Records } from "./records.ts";
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
  const records = createRecords();
  return {
    get count() {
      return records.count;
    },
    add: (entry, dataOffset) => records.add(entry, dataOffset),
    setContent: (record, digestHex) => records.setContent(record, digestHex),
    finish() {
      const { order, regular, hasOutsideLinks } = settleRecords(records);
      const count = order?.length ?? records.count;
      if (order !== undefined) arrange(records, order);
      return { index: openIndex(assemble(records, count, hasOutsideLinks)), regular };
    },
  };
}

/** Puts records into their places: `order[n]` becomes record n. In place, because an index can be large. */
function arrange({ bytes, count }: RawRecords, order: Uint32Array): void {
  const move = (from: number, to: number): void => void bytes.copyWithin(to * RECORD_SIZE, from * RECORD_SIZE, (from + 1) * RECORD_SIZE);
  const isWanted = new Uint8Array(count);
  for (const record of order) isWanted[record] = 1;
  const isDone = new Uint8Array(order.length);
  /** Fills a place whose record is not needed there any more, then the place that its new record came from, … */
  const fill = (first: number, end: number): number => {
    let place = first;
    for (let from = order[place]; from !== undefined && from !== end && isDone[place] !== 1; from = order[place]) {
      isDone[place] = 1;
      if (from !== place) move(from, place);
      place = from;
    }
    return place;
  };
  for (let place = 0; place < order.length; place += 1) if (isWanted[place] === 0) fill(place, -1);
  // What is left are circles: one waits until its place is free.
  const waiting = Buffer.allocUnsafe(RECORD_SIZE);
  for (let place = 0; place < order.length; place += 1) {
    if (isDone[place] === 1 || order[place] === place) continue;
    bytes.copy(waiting, 0, place * RECORD_SIZE, (place + 1) * RECORD_SIZE);
    const last = fill(place, place);
    waiting.copy(bytes, last * RECORD_SIZE);
    isDone[last] = 1;
  }
}

/** Bytes that are moved at a time: so much is in memory twice. */
const PIECE_RECORDS = 16_384;
const PIECE_BYTES = PIECE_RECORDS * RECORD_SIZE;

/** Header, the first `count` records, heap. The records are empty afterwards. */
function assemble(records: Records, count: number, hasOutsideLinks: boolean): Buffer {
  const { heapSize } = records;
  const heapAt = HEADER_SIZE + count * RECORD_SIZE;
  const bytes = alignedBuffer(heapAt + heapSize);
  for (let end = heapSize; end > 0;) {
    const start = Math.max(0, end - PIECE_BYTES);
    records.heap.copy(bytes, heapAt + start, start, end);
    records.shrink(records.count, start);
    end = start;
  }
  for (let end = count; end > 0;) {
    const start = Math.max(0, end - PIECE_RECORDS);
    records.bytes.copy(bytes, HEADER_SIZE + start * RECORD_SIZE, start * RECORD_SIZE, end * RECORD_SIZE);
    records.shrink(start, 0);
    end = start;
  }
  const { u32 } = viewsOf(bytes);
  writeHeader(bytes, { count, heapSize, needsLower: hasOutsideLinks || hasGaps(bytes, u32, count) });
  return bytes;
}

/** What comes before the records. */
interface IndexHeader {
  readonly count: number;
  readonly heapSize: number;
  readonly needsLower: boolean;
}

/** Writes the header of an index to the beginning of `bytes`. */
function writeHeader(bytes: Buffer, { count, heapSize, needsLower }: IndexHeader): void {
  bytes.fill(0, 0, HEADER_SIZE);
  bytes.write(MAGIC, 0, "latin1");
  const { u32 } = viewsOf(bytes);
  u32[2] = count;
  u32[3] = heapSize;
  u32[4] = BYTE_ORDER_MARK;
  u32[5] = needsLower ? NEEDS_LOWER : 0;
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
