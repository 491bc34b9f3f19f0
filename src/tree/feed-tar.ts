/** Gives a parser the bytes of a tar, and the event loop its turn. */
import { setImmediate } from "node:timers/promises";
import type { ByteStream } from "../bytes.ts";
import type { TarParser } from "./tar-parser.ts";

const TURN_MS = 8;

/** Parses all of a stream. `onChunk` sees each chunk first. Throws what the parser throws, and the signal's reason. */
export async function feedTar(
  stream: ByteStream,
  parser: TarParser,
  { signal, onChunk }: { readonly signal: AbortSignal | undefined; readonly onChunk: (chunk: Uint8Array) => Promise<void> | undefined },
): Promise<void> {
  let turn = performance.now();
  for await (const chunk of stream) {
    await onChunk(chunk);
    parser.push(chunk);
    if (performance.now() - turn <= TURN_MS) continue;
    await setImmediate();
    signal?.throwIfAborted();
    turn = performance.now();
  }
  parser.finish();
}
