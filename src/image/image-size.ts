/** How large an image is: the files of its layers, unpacked. The same for an image that was built and one that was pulled. */
import { AT_ONCE, pool } from "../async.ts";
import { isDecantError } from "../errors.ts";
import type { Store } from "../store/index.ts";
import { findLayer, type LayerSource } from "../tree/index.ts";

/** By diffId, or by key where there is no tar yet: bytes. A layer never changes, and reading its list of files takes a while. */
const SPACE = "image.layer-bytes";

/**
 * Sum of the files of all layers, in bytes; files that a later layer replaces or removes count, as they do in docker. A layer that the store has only
 * packed is read once. Undefined where the bytes of a layer are not in the store.
 */
export async function unpackedSize(store: Store, layers: readonly LayerSource[], signal?: AbortSignal): Promise<number | undefined> {
  try {
    const sizes = await pool(AT_ONCE, layers, (layer, stop) => layerSize(store, layer, stop), signal);
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    if (isDecantError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}

/** The same for what takes no time: undefined where a layer would have to be fetched, too. */
export async function sizeAtHand(store: Store, layers: readonly LayerSource[], signal?: AbortSignal): Promise<number | undefined> {
  const isHere = (source: LayerSource): boolean =>
    source.layer !== undefined ||
    typeof store.records.get(SPACE, source.diffId ?? source.key) === "number" ||
    (source.diffId !== undefined && findLayer(store, source.diffId) !== undefined);
  return layers.every(isHere) ? await unpackedSize(store, layers, signal) : undefined;
}

async function layerSize(store: Store, source: LayerSource, signal: AbortSignal): Promise<number> {
  const id = source.diffId ?? source.key;
  const known = store.records.get(SPACE, id);
  if (typeof known === "number") return known;
  const { index } = await source.load(signal);
  let bytes = 0;
  for (let at = 0; at < index.count; at += 1) if (index.kind(at) === "file") bytes += index.size(at);
  store.records.put(SPACE, id, bytes);
  return bytes;
}
