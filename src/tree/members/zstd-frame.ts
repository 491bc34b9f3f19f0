/**
 * The structure of a zstd frame (RFC 8878, section 3.1): Node's decompressor stops behind the first frame of what it is given, so the frames
 * are found here and given to it one at a time.
 */
import { look, type Scan, ScanError, skip } from "./member-scan.ts";

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** Bytes of "Dictionary_ID" and "Frame_Content_Size" by their two bits (sections 3.1.1.1.3 and 3.1.1.1.4). */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];

/** Does a frame begin here, of data or to be skipped? Needs four bytes. */
export function isZstdFrame(head: Buffer): boolean {
  return head.byteLength >= 4 && (head.readUInt32LE(0) === MAGIC || isSkippableFrame(head));
}

/** A frame that holds no data (section 3.1.2): tables of contents and marks of `pzstd` and of podman's zstd:chunked. */
export function isSkippableFrame(head: Buffer): boolean {
  return head.byteLength >= 4 && (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === SKIPPABLE;
}

/** One frame from its magic number to its checksum. */
export function* zstdFrame(): Scan<void> {
  const head = yield* look(4);
  if (isSkippableFrame(head)) {
    yield* skip((yield* look(4)).readUInt32LE(0));
    return;
  }
  if (head.readUInt32LE(0) !== MAGIC) throw new ScanError("it has no frame where one is to begin");
  const descriptor = (yield* look(1)).readUInt8(0);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (SIZE_BYTES[sizeFlag] ?? 0);
  yield* skip((isSingleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + contentSize);
  for (let isLast = false; !isLast;) {
    const block = (yield* look(3)).readUIntLE(0, 3);
    isLast = (block & 1) !== 0;
    const type = (block >> 1) & 3;
    if (type === 3) throw new ScanError("a block of it has a type that does not exist");
    // A block of one repeated byte has just that byte.
    yield* skip(type === 1 ? 1 : block >> 3);
  }
  if ((descriptor & 4) !== 0) yield* skip(4);
}
