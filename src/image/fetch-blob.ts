/** Brings one layer blob from its registry into the store, unread: for outputs that only pass it on. */
import type { Descriptor } from "../oci/index.ts";
import type { RemoteBlob } from "../tree/index.ts";
import { isStored, rememberOrigin, type SizeOfLayer, withTrueSize } from "./image-layer.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext } from "./types.ts";

/**
 * Gives the descriptor with the size that the blob has. Downloads nothing when the store has it. Two processes (or two layers) that want the same
 * blob fetch it once.
 */
export async function fetchBlob(ctx: ImageContext, remote: RemoteBlob, signal: AbortSignal): Promise<Descriptor> {
  const { store, emit, vertex } = ctx;
  const { descriptor, registry, repository } = remote;
  if (isStored(store, descriptor)) return descriptor;
  await using _lock = await store.locks.acquire(`blob:${descriptor.digest}`, { signal });
  if (isStored(store, descriptor)) return descriptor;
  const client = await ctx.registry();
  const sizeOf: SizeOfLayer = ({ digest }, stop) => client.blobSize({ registry, repository }, digest, { signal: stop });
  const fetched = await withTrueSize(descriptor, signal, sizeOf, async (sized) => {
    const progress = startProgress(emit, { vertex, id: sized.digest, action: "pull", totalBytes: sized.size });
    await store.blobs.receive(
      sized,
      (kept) => client.blob({ registry, repository }, sized, { kept, signal, onProgress: progress.at }),
      signal,
    );
    progress.end();
    return sized;
  });
  rememberOrigin(store, remote);
  return fetched;
}
