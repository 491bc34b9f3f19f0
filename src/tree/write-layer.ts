/** Entries with contents → a layer in the store: tar, index, file digests and diffId in one pass (decision 2). */
import { createHasher } from "../digest.ts";
import { given } from "../given.ts";
import type { Store } from "../store/index.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { addLayer } from "./layer-store.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { tarChunks } from "./tar-chunks.ts";
import type { Layer, RootOwner } from "./types.ts";
import { createFileSink } from "./write-all.ts";

/** How a layer is written. */
interface WriteLayerOptions {
  readonly signal?: AbortSignal | undefined;
  readonly rootOwner?: RootOwner | undefined;
  /** Is told of the bytes of the tar so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Writes a layer. Items come sorted by `compareTreePaths`, each path once, a hard link after its file. Throws `WHITEOUT` for a file that
 * is named like a whiteout, `CONTEXT` for a host file that shrinks meanwhile, `STORE_FULL`, and the signal's reason.
 */
export async function writeLayer(
  store: Store,
  items: Iterable<LayerItem> | AsyncIterable<LayerItem>,
  options: WriteLayerOptions = {},
): Promise<Layer> {
  options.signal?.throwIfAborted();
  await using file = await store.blobs.create();
  await using sink = createFileSink(file.fd, "a layer");
  const hasher = createHasher();
  const builder = createIndexBuilder();
  const chunks = tarChunks(items, {
    ...options,
    onEntry(entry, dataOffset, digestHex) {
      const record = builder.add(entry, dataOffset);
      if (digestHex !== undefined) builder.setContent(record, digestHex);
    },
  });
  let size = 0;
  for await (const chunk of chunks) {
    await sink.write(chunk);
    hasher.update(chunk);
    size += chunk.byteLength;
    options.onProgress?.(size);
  }
  await sink.flush();
  const diffId = hasher.digest();
  const { index } = builder.finish();
  options.signal?.throwIfAborted();
  await file.commit(diffId);
  return await addLayer(store, diffId, { diffId, index, ...given({ rootOwner: options.rootOwner }) });
}
