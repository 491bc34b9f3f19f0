/** Tells about a download while its bytes pass through. */
import type { ByteStream } from "../bytes.ts";
import type { Emit } from "../events.ts";
import { given } from "../given.ts";

const TELL_EVERY_MS = 100;

/** Passes `body` through and emits transfers of what `url` ends with: for an index its suite and path, else the last part. At most ten a second. */
export async function* watchTransfer(
  to: { readonly emit: Emit; readonly vertex: string },
  url: string,
  body: ByteStream,
  totalBytes?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fixed = {
    type: "transfer",
    vertex: to.vertex,
    id: /\/dists\/(.+)$/.exec(url)?.[1] ?? url.slice(url.lastIndexOf("/") + 1),
    action: "fetch",
    ...given({ totalBytes }),
  } as const;
  let currentBytes = 0;
  let toldAt = 0;
  for await (const chunk of body) {
    currentBytes += chunk.byteLength;
    const now = performance.now();
    if (now - toldAt >= TELL_EVERY_MS) {
      toldAt = now;
      to.emit({ ...fixed, currentBytes, done: false });
    }
    yield chunk;
  }
  to.emit({ ...fixed, currentBytes, done: true });
}
