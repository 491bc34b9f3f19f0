/** The digests of files in the order of a walk, 32 bytes each: what a COPY hashed for its key is what it must write. */
import { type Digest, hexOf } from "../../digest.ts";
import { createGrowingBytes } from "../../tree/index.ts";

/** A list that grows. */
export interface HashedFiles {
  add(digest: Digest): void;
  /** The digest at a position, or undefined past the end. */
  at(position: number): Digest | undefined;
}

const DIGEST_BYTES = 32;
const MAX_BYTES = 2 ** 31;

/** Makes an empty list. Digests are sha256. */
export function createHashedFiles(): HashedFiles {
  const memory = createGrowingBytes(MAX_BYTES);
  const { bytes } = memory;
  return {
    add: (digest) => void bytes.write(hexOf(digest), memory.reserve(DIGEST_BYTES), "hex"),
    at(position) {
      const start = position * DIGEST_BYTES;
      return start < memory.size ? (`sha256:${bytes.toString("hex", start, start + DIGEST_BYTES)}` as Digest) : undefined;
    },
  };
}
