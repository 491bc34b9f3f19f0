/**
 * The structure of an xz stream (The .xz File Format, version 1.2.1): its blocks are chains of LZMA2 chunks that say their sizes, and its
 * index says what they become.
 */
import { look, type Scan, ScanError, skip } from "./member-scan.ts";

const MAGIC = Buffer.from("\xfd7zXZ\0", "latin1");
/** Bytes of a check by its number (section 2.1.1.2). */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const MAX_VLI_BYTES = 9;

/** What the indexes of streams add up to. */
export interface XzSizes {
  plainBytes: number;
}

/** Does a stream begin here? Needs six bytes. */
export function isXzStream(head: Buffer): boolean {
  return head.byteLength >= MAGIC.byteLength && head.subarray(0, MAGIC.byteLength).equals(MAGIC);
}

/** One stream from its header to its footer; what its index says is added to `sizes`. */
export function* xzStream(sizes: XzSizes): Scan<void> {
  const header = yield* look(12);
  if (!isXzStream(header)) throw new ScanError("it has no stream where one is to begin");
  const checkBytes = CHECK_BYTES[header.readUInt8(7) & 15] ?? 0;
  for (;;) {
    const first = (yield* look(1)).readUInt8(0);
    if (first === 0) break;
    yield* skip(first * 4 + 3);
    const packed = yield* lzma2();
    yield* skip(padding(packed) + checkBytes);
  }
  yield* index(sizes);
  yield* skip(12);
}

/** The chunks of a block, whose last filter is always LZMA2 (section 5.3.1; the chunks are described in liblzma's lzma2_decoder). Gives their bytes. */
function* lzma2(): Scan<number> {
  for (let packed = 1; ; packed += 1) {
    const control = (yield* look(1)).readUInt8(0);
    if (control === 0) return packed;
    if (control > 2 && control < 0x80) throw new ScanError("a chunk of it has a type that does not exist");
    const isStored = control < 0x80;
    const sizes = yield* look(isStored ? 2 : 4);
    const properties = control >= 0xc0 ? 1 : 0;
    const content = sizes.readUInt16BE(isStored ? 0 : 2) + 1;
    yield* skip(properties + content);
    packed += sizes.byteLength + properties + content;
  }
}

/** The index behind the blocks (section 4); its first byte, a zero, was read. */
function* index(sizes: XzSizes): Scan<void> {
  const records = yield* variableInteger();
  let indexBytes = 1 + records.bytes;
  for (let record = 0; record < records.value; record += 1) {
    const packed = yield* variableInteger();
    const plain = yield* variableInteger();
    indexBytes += packed.bytes + plain.bytes;
    sizes.plainBytes += plain.value;
  }
  yield* skip(padding(indexBytes) + 4);
}

function* variableInteger(): Scan<{ readonly value: number; readonly bytes: number }> {
  let value = 0;
  for (let bytes = 1; bytes <= MAX_VLI_BYTES; bytes += 1) {
    const byte = (yield* look(1)).readUInt8(0);
    value += (byte & 0x7f) * 2 ** (7 * (bytes - 1));
    if ((byte & 0x80) === 0) return { value, bytes };
  }
  throw new ScanError("a number of its index is too long");
}

function padding(sizeBytes: number): number {
  return (4 - (sizeBytes % 4)) % 4;
}
