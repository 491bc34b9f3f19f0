/**
 * The contents of an archive's sparse files, whole, one after the other in a file beside it: what an archive has in pieces cannot be read from there.
 * Holes stay holes.
 */
import { ftruncateSync, writeSync } from "node:fs";
import type { Digest } from "../digest.ts";
import { createHasher } from "../digest.ts";
import { writeFailure } from "./errors.ts";

/** Added to positions in this file, in an index whose other positions are in the tar. */
export const SPARSE_AT: number = 2 ** 52;

/** Contents on their way. */
export interface SparseContents {
  /** Begins a file; gives where its content will be. */
  begin(): number;
  /** Throws `STORE_FULL`. */
  data(chunk: Buffer): void;
  /** Ends the last file. Gives the digest of everything, undefined where there was no file. */
  finish(): Digest | undefined;
}

/** Collects contents in the open, empty file `fd`. */
export function createSparseContents(fd: number): SparseContents {
  const hasher = createHasher();
  let sizeBytes = 0;
  let isUsed = false;
  return {
    begin() {
      isUsed = true;
      return sizeBytes;
    },
    data(chunk) {
      hasher.update(chunk);
      if (!isZero(chunk)) writeAt(fd, chunk, sizeBytes);
      sizeBytes += chunk.byteLength;
    },
    finish() {
      if (!isUsed) return undefined;
      ftruncateSync(fd, sizeBytes);
      return hasher.digest();
    },
  };
}

const ZEROS = Buffer.alloc(256 * 1024);

function isZero(chunk: Buffer): boolean {
  return chunk.byteLength <= ZEROS.byteLength && ZEROS.compare(chunk, 0, chunk.byteLength, 0, chunk.byteLength) === 0;
}

function writeAt(fd: number, chunk: Buffer, at: number): void {
  try {
    for (let done = 0; done < chunk.byteLength;) done += writeSync(fd, chunk, done, chunk.byteLength - done, at + done);
  } catch (error) {
    throw writeFailure(error, "a sparse file");
  }
}
