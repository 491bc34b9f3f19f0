/**
 * A base that Decant assembled has an /etc/ld.so.cache. When a build adds libraries where the loader looks, as COPY to /usr/local/lib does, the cache is
 * written anew as the last layer, so that they are found. Other images are left as they are.
 */
import type { Emit } from "../events.ts";
import type { BuiltImage } from "../image/index.ts";
import type { Store } from "../store/index.ts";
import { layerSource, layerTree, loadLayers, writeLayer } from "../tree/index.ts";
import { step } from "../step.ts";

const VERTEX = "ld.so.cache";

/** The image, with a cache that lists what is in it. The base is loaded only when something was added that the loader would look at. */
export async function withLoaderCache(
  image: BuiltImage,
  { store, emit, signal }: { readonly store: Store; readonly emit: Emit; readonly signal: AbortSignal },
): Promise<BuiltImage> {
  const { platform } = image;
  if (!image.history.some((entry) => entry.created_by?.startsWith("decant: ") === true)) return image;
  const { refreshedCache, touchesLibraries } = await import("../distroless/index.ts");
  const built = await loadLayers(
    image.layers.filter(({ created }) => created !== undefined),
    signal,
  );
  if (!built.some(({ index }) => touchesLibraries(index, platform))) return image;
  const layer = await step(emit, { vertex: VERTEX, name: "listing libraries in /etc/ld.so.cache" }, signal, async () => {
    const layers = await loadLayers(image.layers, signal, { vertex: VERTEX });
    const items = await refreshedCache(layerTree(layers), platform, signal);
    return items.length === 0 ? undefined : await writeLayer(store, items, { signal });
  });
  if (layer === undefined) return image;
  return {
    ...image,
    layers: [...image.layers, layerSource(layer)],
    history: [
      ...image.history,
      { ...(image.created === undefined ? {} : { created: image.created }), created_by: "decant: /etc/ld.so.cache" },
    ],
  };
}
