/**
 * Small files that were read to be hashed, kept until they are written: a cold COPY reads each file once. Bounded, and each content is given
 * once for each time it was kept; what does not fit is read again. Packed: objects for each file would take several times as much.
 */
import { type Digest, hexOf } from "../digest.ts";
import { createNumberSlots } from "./number-slots.ts";
import { hashOf } from "./path-slots.ts";

/** Contents by digest. */
export interface RecentContents {
  /** Keeps a copy of the bytes if there is room. */
  keep(bytes: Uint8Array, digest: Digest): void;
  /** A copy of the bytes of this digest, if they are here. */
  take(digest: Digest): Buffer | undefined;
}

const MAX_FILE_BYTES = 32 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** Of contents and rows: a file of a line takes 56 bytes, and 8 to 16 to be found. */
const MAX_CHUNKS = 40;
const CHUNK_WORDS = CHUNK_BYTES / 4;
/** Places of rows have 32 bits. */
const LAST_CHUNK = 2 ** 32 / CHUNK_WORDS - 1;

/** The fields of a row, u32 each; the 32 bytes of the digest and the content follow. */
const SIZE = 0;
/** How often it may still be taken. */
const COPIES = 1;
/** Of the digest. */
const HASH = 2;
const DIGEST_AT = 12;
const ROW = 44;

/** A piece of memory with rows. When nothing in it is left to be taken, it goes. */
interface Chunk {
  readonly bytes: Buffer;
  readonly u32: Uint32Array<ArrayBuffer>;
  used: number;
  left: number;
}

/** Starts empty. */
export function createRecentContents(): RecentContents {
  const chunks = new Map<number, Chunk>();
  /** The number of the chunk that is being filled. The first has no number 0, as no row has. */
  let filling = 0;
  /** Rows whose content may still be taken. */
  let live = 0;
  // A row is named by where it is: the number of its chunk and words in it.
  const chunkOf = (row: number): Chunk | undefined => chunks.get(Math.floor(row / CHUNK_WORDS));
  const get = (row: number, field: number): number => chunkOf(row)?.u32[(row % CHUNK_WORDS) + field] ?? 0;
  const hexAt = (row: number): string | undefined => {
    const at = (row % CHUNK_WORDS) * 4 + DIGEST_AT;
    return chunkOf(row)?.bytes.toString("hex", at, at + 32);
  };
  const newSlots = (): ReturnType<typeof createNumberSlots> =>
    createNumberSlots(
      (row) => get(row, HASH),
      (row) => get(row, COPIES) === 0,
    );
  let slots = newSlots();
  const find = (digest: Digest, hash: number): number =>
    slots.find(hash, (row) => get(row, HASH) === hash && get(row, COPIES) > 0 && hexAt(row) === hexOf(digest));

  /** Gives its memory back at once: V8 would not look for it while little else is made, such as a layer of a million files. */
  const free = (number: number): void => {
    chunks.get(number)?.u32.buffer.transfer(0);
    chunks.delete(number);
  };

  /** Takes the content of a row away. */
  const drop = (row: number, chunk: Chunk): void => {
    live -= 1;
    chunk.left -= 1;
    const number = Math.floor(row / CHUNK_WORDS);
    if (chunk.left === 0 && number !== filling) free(number);
    // A build may do much more after its last COPY. A short list is not worth a new one.
    if (live > 0 || filling === 1) return;
    slots = newSlots();
    for (const each of chunks.keys()) free(each);
    filling = 0;
  };

  /** A chunk that has room for `size` bytes. */
  const roomFor = (size: number): Chunk | undefined => {
    const open = chunks.get(filling);
    if (open !== undefined && open.used + size <= CHUNK_BYTES) return open;
    if (open?.left === 0) free(filling);
    if (chunks.size >= MAX_CHUNKS || filling === LAST_CHUNK) return undefined;
    const memory = new ArrayBuffer(CHUNK_BYTES);
    const made = { bytes: Buffer.from(memory), u32: new Uint32Array(memory), used: 0, left: 0 };
    filling += 1;
    chunks.set(filling, made);
    return made;
  };

  return {
    keep(bytes, digest) {
      if (bytes.byteLength > MAX_FILE_BYTES) return;
      const hash = hashOfDigest(digest);
      const known = find(digest, hash);
      const copied = chunkOf(known);
      if (copied !== undefined) {
        copied.u32[(known % CHUNK_WORDS) + COPIES] = get(known, COPIES) + 1;
        return;
      }
      const chunk = roomFor(ROW + bytes.byteLength);
      if (chunk === undefined) return;
      const { used: at } = chunk;
      chunk.u32[at / 4 + SIZE] = bytes.byteLength;
      chunk.u32[at / 4 + COPIES] = 1;
      chunk.u32[at / 4 + HASH] = hash;
      chunk.bytes.write(hexOf(digest), at + DIGEST_AT, "hex");
      chunk.bytes.set(bytes, at + ROW);
      chunk.used += Math.ceil((ROW + bytes.byteLength) / 4) * 4;
      chunk.left += 1;
      live += 1;
      slots.add(filling * CHUNK_WORDS + at / 4);
    },
    take(digest) {
      const row = find(digest, hashOfDigest(digest));
      const chunk = chunkOf(row);
      if (chunk === undefined) return undefined;
      const copies = get(row, COPIES) - 1;
      const at = (row % CHUNK_WORDS) * 4 + ROW;
      // Short ones share memory.
      const bytes = Buffer.from(chunk.bytes.subarray(at, at + get(row, SIZE)));
      chunk.u32[(row % CHUNK_WORDS) + COPIES] = copies;
      if (copies === 0) drop(row, chunk);
      return bytes;
    },
  };
}

/** Of its first 16 digits, which follow "sha256:". */
function hashOfDigest(digest: Digest): number {
  return hashOf(0, digest, 7, 23);
}
