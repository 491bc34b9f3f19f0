/** A byte stream read piece by piece, where the reader decides how much it takes: what a compressed member does not need belongs to the next. */
import type { ByteStream } from "../../bytes.ts";

/** Dispose it to close its source. */
export interface ByteReader extends AsyncDisposable {
  /** What was read and not taken. Empty before the first `fill`, and at the end. */
  readonly bytes: Buffer;
  /** Reads until `bytes` has `sizeBytes` (a few: what is there is copied together); false when the stream has fewer. */
  fill(sizeBytes: number): Promise<boolean>;
  /** The first `sizeBytes` of `bytes`, which then have them no more. */
  take(sizeBytes: number): Buffer;
}

/** Starts to read. */
export function createByteReader(stream: ByteStream): ByteReader {
  const source = stream[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  let ended = false;
  return {
    get bytes() {
      return bytes;
    },
    async fill(sizeBytes) {
      while (bytes.byteLength < sizeBytes && !ended) {
        const next = await source.next();
        if (next.done === true) ended = true;
        else {
          const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
          bytes = bytes.byteLength === 0 ? chunk : Buffer.concat([bytes, chunk]);
        }
      }
      return bytes.byteLength >= sizeBytes;
    },
    take(sizeBytes) {
      const taken = bytes.subarray(0, sizeBytes);
      bytes = bytes.subarray(sizeBytes);
      return taken;
    },
    async [Symbol.asyncDispose]() {
      if (!ended) await source.return?.();
      ended = true;
    },
  };
}
