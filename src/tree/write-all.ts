/** Writing whole chunks to an open file. */
import { writeSync } from "node:fs";
import { writeFailure } from "./errors.ts";

/** Writes all of `chunk` at the file's position. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
export function writeAll(fd: number, chunk: Uint8Array, what: string): void {
  try {
    for (let done = 0; done < chunk.byteLength;) done += writeSync(fd, chunk, done, chunk.byteLength - done);
  } catch (error) {
    throw writeFailure(error, what);
  }
}
