/** The digests of files in the order of a walk, 32 bytes each: what a COPY hashed for its key is what it must write. */
import { type Digest, hexOf } from "../../digest.ts";

/** A list that grows. */
export interface HashedFiles {
  add(digest: Digest): void;
  /** The digest at a position, or undefined past the end. */
  at(position: number): Digest | undefined;
}

const DIGEST_BYTES = 32;
/** A build may have thousands of steps that copy a file each. */
const FIRST_BYTES = 32 * DIGEST_BYTES;
const CHUNK_BYTES = 2048 * DIGEST_BYTES;

/** Makes an empty list. Digests are sha256. */
export function createHashedFiles(): HashedFiles {
  const chunks = [Buffer.allocUnsafeSlow(FIRST_BYTES)];
  let used = 0;
  /** The chunk of a position in bytes, which is there or begins there. */
  const chunkFor = (start: number): Buffer => {
    const number = Math.floor(start / CHUNK_BYTES);
    const chunk = chunks[number];
    if (chunk !== undefined && start % CHUNK_BYTES < chunk.byteLength) return chunk;
    const made = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    chunk?.copy(made);
    chunks[number] = made;
    return made;
  };
  return {
    add(digest) {
      used += chunkFor(used).write(hexOf(digest), used % CHUNK_BYTES, "hex");
    },
    at(position) {
      const start = position * DIGEST_BYTES;
      const at = start % CHUNK_BYTES;
      return start < used ? (`sha256:${chunkFor(start).toString("hex", at, at + DIGEST_BYTES)}` as Digest) : undefined;
    },
  };
}
