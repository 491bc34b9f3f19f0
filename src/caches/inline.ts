/** A cache inside of an image: in its configuration, about its own layers. */
import { type Digest } from "../digest.ts";
import { INLINE_CACHE_FIELD, type ImageContext, pullImage } from "../image/index.ts";
import { isDecantError } from "../errors.ts";
import { type Platform, type Reference } from "../oci/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { cacheDocument, checkCache, type SharedResult } from "./document.ts";
import type { BuildResults } from "./export.ts";
import type { FoundCache, FoundResult } from "./place.ts";

/**
 * What is to be in the configuration of an image of these layers, for JSON. Without times of use: they would make another image of each build.
 */
export function inlineCache(found: Pick<BuildResults, "results" | "selections">, layers: readonly LayerSource[]): object {
  const places = new Map(layers.map((layer, at) => [layer, at]));
  const results = [...found.results].flatMap(([key, source]): Omit<SharedResult, "diffId">[] => {
    const layer = places.get(source);
    return layer === undefined || source.created === undefined
      ? []
      : [{ key, content: source.key, created: source.created, used: 0, layer }];
  });
  return cacheDocument({
    results: results.toSorted((a, b) => a.layer - b.layer),
    selections: [...found.selections].map(([memo, digest]) => ({ memo, digest, used: 0 })).toSorted((a, b) => (a.memo < b.memo ? -1 : 1)),
  });
}

/** Reads the cache of an image; undefined where it has none. Throws what registries throw, and `MANIFEST`. */
export async function readInlineCache(
  ctx: ImageContext,
  reference: Reference,
  platform: Platform,
  name: string,
): Promise<FoundCache | undefined> {
  const pulled = await pullImage(ctx, reference, platform).catch((error: unknown) => {
    // An artifact of another kind, or an image of other platforms.
    if (isDecantError(error, "MANIFEST") || isDecantError(error, "PLATFORM")) return undefined;
    throw error;
  });
  const value = pulled === undefined ? undefined : Reflect.get(pulled.config, INLINE_CACHE_FIELD);
  if (pulled === undefined || value === undefined) return undefined;
  const { layers, manifest, config } = pulled;
  const { results, selections } = checkCache(value, layers.length, name);
  return {
    selections,
    mounts: [],
    results: results.flatMap(({ layer, ...result }): FoundResult[] => {
      const [source, descriptor] = [layers[layer], manifest.layers[layer]];
      const diffId: Digest | undefined = config.rootfs.diff_ids[layer];
      return source === undefined || descriptor === undefined || diffId === undefined ? [] : [{ ...result, diffId, source, descriptor }];
    }),
  };
}
