/**
 * Small files that were read to be hashed, kept until they are written: a cold COPY reads each file once. Bounded, and each content is given
 * once for each time it was kept; what does not fit is read again. Packed: objects for each file would take several times as much.
 */
import { type Digest, hexOf } from "../digest.ts";
import { createGrowingBytes } from "./growing-bytes.ts";
import { createNumberSlots } from "./number-slots.ts";
import { hashOf } from "./path-slots.ts";

/** Contents by digest. */
export interface RecentContents {
  /** Keeps a copy of the bytes if there is room. */
  keep(bytes: Uint8Array, digest: Digest): void;
  /** The bytes of this digest, if they are here. They stay as they are for as long as the caller has them. */
  take(digest: Digest): Buffer | undefined;
}

const MAX_FILE_BYTES = 32 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const MAX_CHUNKS = 40;
/** A million files of one line, each as a row of 52 bytes. */
const MAX_ROWS = 1024 * 1024;

/** The fields of a row, u32 each; the 32 bytes of the digest follow. */
const CHUNK = 0;
const OFFSET = 1;
const SIZE = 2;
/** How often it may still be taken. */
const COPIES = 3;
/** Of the digest. */
const HASH = 4;
const DIGEST_AT = 20;
const ROW = 52;

/** A piece of memory. When nothing in it is left to be taken, it goes. */
interface Chunk {
  readonly bytes: Buffer;
  used: number;
  left: number;
}

/** Starts empty. */
export function createRecentContents(): RecentContents {
  const rows = createGrowingBytes(MAX_ROWS * ROW);
  const chunks = new Map<number, Chunk>();
  /** The number of the chunk that is being filled. */
  let filling = 0;
  /** Rows count from 1. */
  const get = (row: number, field: number): number => rows.u32[((row - 1) * ROW) / 4 + field] ?? 0;
  const set = (row: number, field: number, value: number): void => {
    rows.u32[((row - 1) * ROW) / 4 + field] = value;
  };
  const hexAt = (row: number): string => rows.bytes.toString("hex", (row - 1) * ROW + DIGEST_AT, row * ROW);
  const slots = createNumberSlots((row) => get(row, HASH));
  const find = (digest: Digest, hash: number): number => slots.find(hash, (row) => get(row, HASH) === hash && hexAt(row) === hexOf(digest));

  /** A chunk that has room for `size` bytes. */
  const roomFor = (size: number): Chunk | undefined => {
    const open = chunks.get(filling);
    if (open !== undefined && open.used + size <= CHUNK_BYTES) return open;
    if (chunks.size >= MAX_CHUNKS) return undefined;
    const made = { bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES), used: 0, left: 0 };
    filling += 1;
    chunks.set(filling, made);
    return made;
  };

  return {
    keep(bytes, digest) {
      if (bytes.byteLength > MAX_FILE_BYTES) return;
      const hash = hashOfDigest(digest);
      let row = find(digest, hash);
      if (row !== 0 && get(row, COPIES) > 0) {
        set(row, COPIES, get(row, COPIES) + 1);
        return;
      }
      const chunk = row === 0 && rows.size === MAX_ROWS * ROW ? undefined : roomFor(bytes.byteLength);
      if (chunk === undefined) return;
      if (row === 0) {
        row = rows.reserve(ROW) / ROW + 1;
        rows.bytes.write(hexOf(digest), (row - 1) * ROW + DIGEST_AT, "hex");
        set(row, HASH, hash);
        slots.add(row);
      }
      chunk.bytes.set(bytes, chunk.used);
      set(row, CHUNK, filling);
      set(row, OFFSET, chunk.used);
      set(row, SIZE, bytes.byteLength);
      set(row, COPIES, 1);
      chunk.used += bytes.byteLength;
      chunk.left += 1;
    },
    take(digest) {
      const row = find(digest, hashOfDigest(digest));
      const copies = row === 0 ? 0 : get(row, COPIES);
      if (copies === 0) return undefined;
      set(row, COPIES, copies - 1);
      const number = get(row, CHUNK);
      const chunk = chunks.get(number);
      if (chunk === undefined) return undefined;
      if (copies === 1) chunk.left -= 1;
      if (chunk.left === 0 && number !== filling) chunks.delete(number);
      return chunk.bytes.subarray(get(row, OFFSET), get(row, OFFSET) + get(row, SIZE));
    },
  };
}

/** Of its first 16 digits, which follow "sha256:". */
function hashOfDigest(digest: Digest): number {
  return hashOf(0, digest, 7, 23);
}
