/** The digests of files in the order of a walk, 32 bytes each: what a COPY hashed for its key is what it must write. */
import { type Digest, hexOf } from "../../digest.ts";

/** A list that grows. */
export interface HashedFiles {
  add(digest: Digest): void;
  /** The digest at a position, or undefined past the end. */
  at(position: number): Digest | undefined;
}

const DIGEST_BYTES = 32;

/** Makes an empty list. Digests are sha256. */
export function createHashedFiles(): HashedFiles {
  let bytes = Buffer.alloc(64 * DIGEST_BYTES);
  let used = 0;
  return {
    add(digest) {
      if (used === bytes.byteLength) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.byteLength)]);
      used += bytes.write(hexOf(digest), used, "hex");
    },
    at(position) {
      const start = position * DIGEST_BYTES;
      return start < used ? (`sha256:${bytes.toString("hex", start, start + DIGEST_BYTES)}` as Digest) : undefined;
    },
  };
}
