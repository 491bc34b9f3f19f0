/** Brings one layer blob from its registry into the store, unread: for outputs that only pass it on. */
import type { RemoteBlob } from "../tree/index.ts";
import { isStored, rememberOrigin } from "./image-layer.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext } from "./types.ts";

/** Does nothing when the store has it. Two processes (or two layers) that want the same blob fetch it once. */
export async function fetchBlob(ctx: ImageContext, remote: RemoteBlob, signal: AbortSignal): Promise<void> {
  const { store, emit, vertex } = ctx;
  const { descriptor, registry, repository } = remote;
  if (isStored(store, descriptor)) return;
  await using _lock = await store.locks.acquire(`blob:${descriptor.digest}`, { signal });
  if (isStored(store, descriptor)) return;
  const client = await ctx.registry();
  const progress = startProgress(emit, { vertex, id: descriptor.digest, action: "pull", totalBytes: descriptor.size });
  await store.blobs.write(client.blob({ registry, repository }, descriptor, { signal, onProgress: progress.at }), descriptor);
  progress.end();
  rememberOrigin(store, remote);
}
