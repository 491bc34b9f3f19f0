/** One run of a decompressor of node:zlib, fed piece by piece: what a piece gives has come out before the next goes in. */
import type { Transform } from "node:stream";

/** A run. Dispose it to free the decompressor. */
export interface ZlibRun extends Disposable {
  /** What a piece becomes. Throws the decompressor's error, after everything that came before it. */
  feed(piece: Buffer): AsyncGenerator<Buffer, void, undefined>;
  /** Tells that there is no more, which is an error for what is not complete. */
  finish(): AsyncGenerator<Buffer, void, undefined>;
  /** Bytes of all pieces that were used. Fewer than were fed: what it decompresses has ended. */
  readonly usedBytes: number;
}

/** Starts a run of a decompressor that nothing else uses. */
export function createZlibRun(engine: Transform & { readonly bytesWritten: number }): ZlibRun {
  let failure: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  engine.on("readable", () => wake());
  engine.on("end", () => wake());
  engine.on("error", (error) => {
    failure = { error };
    wake();
  });

  const drain = async function* (isDone: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const chunk = engine.read() as Buffer | null;
      if (chunk !== null) yield chunk;
      else if (failure !== undefined) throw failure.error;
      else if (engine.readableEnded || isDone()) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };

  return {
    async *feed(piece) {
      let isWritten = false;
      engine.write(piece, () => {
        isWritten = true;
        wake();
      });
      yield* drain(() => isWritten);
    },
    async *finish() {
      engine.end();
      yield* drain(() => false);
    },
    get usedBytes() {
      return engine.bytesWritten;
    },
    [Symbol.dispose]() {
      engine.destroy();
    },
  };
}
