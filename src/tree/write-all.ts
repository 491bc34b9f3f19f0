/** Writing whole chunks to an open file: at once, or on the thread pool while the caller hashes the next. */
import { write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { writeFailure } from "./errors.ts";

const writeAsync = promisify(write);

/** Writes all of `chunk` at the file's position. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
export function writeAll(fd: number, chunk: Uint8Array, what: string): void {
  try {
    for (let done = 0; done < chunk.byteLength;) done += writeSync(fd, chunk, done, chunk.byteLength - done);
  } catch (error) {
    throw writeFailure(error, what);
  }
}

/** Writes behind its caller, one chunk at a time. */
interface FileSink extends AsyncDisposable {
  /** Resolves when the chunk before this one is written. The chunk must stay as it is until the next call resolves. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when everything is written. */
  flush(): Promise<void>;
}

/** Makes a sink that writes from the file's position on; disposing waits for the write under way, so that the file can be closed. */
export function createFileSink(fd: number, what: string): FileSink {
  let running: Promise<void> | undefined;
  const writeChunk = async (chunk: Uint8Array): Promise<void> => {
    try {
      for (let done = 0; done < chunk.byteLength;) done += (await writeAsync(fd, chunk, done, chunk.byteLength - done, null)).bytesWritten;
    } catch (error) {
      throw writeFailure(error, what);
    }
  };
  const flush = async (): Promise<void> => {
    const last = running;
    running = undefined;
    await last;
  };
  return {
    async write(chunk) {
      await flush();
      running = writeChunk(chunk);
      // It is awaited by the next call.
      running.catch(() => {});
    },
    flush,
    async [Symbol.asyncDispose]() {
      await running?.catch(() => {});
    },
  };
}
