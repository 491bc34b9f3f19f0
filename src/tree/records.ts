/** Packed records of entries, in the order in which they come: what an index is made of, and what a file system in the making keeps. */
import type { TreePath } from "../paths.ts";
import { indexTooLarge } from "./errors.ts";
import { createGrowingBytes } from "./growing-bytes.ts";
import type { RawRecords } from "./index-format.ts";
import { DIGEST_AT, F64, FLAG, RECORD_F64, RECORD_SIZE, RECORD_U32, U32 } from "./index-format.ts";
import { readEntry, writeEntry } from "./packed-entry.ts";
import type { Entry } from "./types.ts";

/** Records that grow at their end. */
export interface Records extends RawRecords {
  readonly heapSize: number;
  /** Adds an entry and gives its number. `dataOffset`: where its content is, or `NO_DATA`. Throws `LIMIT`. */
  add(entry: Entry, dataOffset: number): number;
  /** The same without its path, which is another's to keep. */
  addNameless(entry: Entry, dataOffset: number): number;
  /** Writes an entry over the record, all but its path. */
  replace(record: number, entry: Entry, dataOffset: number): void;
  /** Sets what is known only after the content was read. */
  setContent(record: number, digestHex: string): void;
  /** The entry of a record, under the path given. */
  entry(record: number, path: TreePath): Entry;
  /** What was given as the `dataOffset` of a record. */
  data(record: number): number;
  /** Gives back the memory of all but the first `records`, and of the heap but for its first bytes. */
  shrink(records: number, heapBytesLeft: number): void;
}

const MAX_RECORDS_BYTES = 2 ** 31;
/** Positions in the heap have 32 bits. */
const MAX_HEAP_BYTES = 2 ** 31;
/** Names, links and attributes: so much in any case, and so much more for each entry. */
const FREE_BYTES = 64 * 1024 * 1024;
const BYTES_PER_ENTRY = 192;

/** Throws `LIMIT` when `bytes` of paths, link targets and attributes are more than `entries` may have: small archives must not cost much memory. */
export function checkIndexSize(entries: number, bytes: number): void {
  const most = Math.min(MAX_HEAP_BYTES, FREE_BYTES + entries * BYTES_PER_ENTRY);
  if (bytes > most) throw indexTooLarge(entries, most);
}

/** Makes none. */
export function createRecords(): Records {
  const memory = createGrowingBytes(MAX_RECORDS_BYTES);
  const heap = createGrowingBytes(MAX_HEAP_BYTES);
  let count = 0;

  const reserveRecord = (): number => {
    memory.reserve(RECORD_SIZE);
    count += 1;
    return count - 1;
  };
  const reserveHeap = (size: number): number => {
    checkIndexSize(count, heap.size + size);
    return heap.reserve(size);
  };
  const heapString = (text: string): number => {
    const at = reserveHeap(text.length);
    heap.bytes.write(text, at, "latin1");
    return at;
  };
  const heapBytes = (bytes: Uint8Array): number => {
    const at = reserveHeap(bytes.byteLength);
    heap.bytes.set(bytes, at);
    return at;
  };
  const replace = (record: number, entry: Entry, dataOffset: number): void =>
    writeEntry({ bytes: memory.bytes, u32: memory.u32, f64: memory.f64, heapString, heapBytes }, record, entry, dataOffset);

  return {
    get count() {
      return count;
    },
    get bytes() {
      return memory.bytes;
    },
    get u32() {
      return memory.u32;
    },
    get f64() {
      return memory.f64;
    },
    get heap() {
      return heap.bytes;
    },
    get heapSize() {
      return heap.size;
    },
    add(entry, dataOffset) {
      const record = reserveRecord();
      memory.u32[record * RECORD_U32 + U32.pathAt] = heapString(entry.path);
      memory.u32[record * RECORD_U32 + U32.pathLength] = entry.path.length;
      replace(record, entry, dataOffset);
      return record;
    },
    addNameless(entry, dataOffset) {
      const record = reserveRecord();
      replace(record, entry, dataOffset);
      return record;
    },
    replace,
    setContent(record, digestHex) {
      const { bytes, u32 } = memory;
      bytes.write(digestHex, record * RECORD_SIZE + DIGEST_AT, 32, "hex");
      u32[record * RECORD_U32 + U32.kindFlags] = (u32[record * RECORD_U32 + U32.kindFlags] ?? 0) | (FLAG.digest << 8);
    },
    entry: (record, path) => readEntry({ bytes: memory.bytes, u32: memory.u32, f64: memory.f64, heap: heap.bytes }, record, path),
    data: (record) => memory.f64[record * RECORD_F64 + F64.dataOffset] ?? 0,
    copy(record, path) {
      const made = reserveRecord();
      const { bytes, u32 } = memory;
      bytes.copyWithin(made * RECORD_SIZE, record * RECORD_SIZE, (record + 1) * RECORD_SIZE);
      u32[made * RECORD_U32 + U32.pathAt] = heapString(path);
      u32[made * RECORD_U32 + U32.pathLength] = path.length;
      return made;
    },
    heapString,
    heapBytes,
    shrink(records, heapBytesLeft) {
      memory.shrink(records * RECORD_SIZE);
      heap.shrink(heapBytesLeft);
      count = records;
    },
  };
}
