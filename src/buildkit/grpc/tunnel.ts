/** Duplexes of bytes that come and leave by other ways: inside a call of gRPC, or by the standard streams. */
import { Duplex } from "node:stream";
import type { ByteStream } from "../../bytes.ts";

const PIECE_BYTES = 32 * 1024;

/** Bytes that come by `incoming` and leave by `send`. */
export function tunnel(incoming: ByteStream, send: (data: Uint8Array) => Promise<void>): Duplex {
  const reader = incoming[Symbol.asyncIterator]();
  return new Duplex({
    read() {
      reader.next().then(
        ({ value, done }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      void passOn(chunk, send, done);
    },
  });
}

async function passOn(chunk: Uint8Array, send: (data: Uint8Array) => Promise<void>, done: (error?: Error) => void): Promise<void> {
  let failure: Error | undefined;
  try {
    await sendPieces(chunk, send);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  done(failure);
}

async function sendPieces(chunk: Uint8Array, send: (data: Uint8Array) => Promise<void>): Promise<void> {
  for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) await send(chunk.subarray(at, at + PIECE_BYTES));
}

/** What messages of bytes hold. */
export async function* bytesIn(messages: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array, void, undefined> {
  // An empty piece would stop a reader that waits for more.
  for await (const { data } of messages) if (data.byteLength > 0) yield data;
}
