/** Gives a parser the bytes of a tar, and the event loop its turn. */
import { createTurns } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import type { TarParser } from "./tar-parser.ts";

/** Parses all of a stream. `onChunk` sees each chunk first. Throws what the parser throws, and the signal's reason. */
export async function feedTar(
  stream: ByteStream,
  parser: TarParser,
  { signal, onChunk }: { readonly signal: AbortSignal | undefined; readonly onChunk: (chunk: Uint8Array) => Promise<void> | undefined },
): Promise<void> {
  const turns = createTurns(signal);
  for await (const chunk of stream) {
    await onChunk(chunk);
    parser.push(chunk);
    if (turns.isDue) await turns.give();
  }
  parser.finish();
}
