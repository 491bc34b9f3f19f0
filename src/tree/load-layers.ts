/** The layers of a result, which may be in the store, in a registry or not made yet: the one place that loads many of them. */
import { AT_ONCE, pool } from "../async.ts";
import { layerTree } from "./layer-tree.ts";
import type { Layer, LayerSource, LoadOptions, Tree } from "./types.ts";

/** Loads layers, a few at a time, in the order given. Rejects with the first failure, or with the reason of `signal`. */
export async function loadLayers(sources: readonly LayerSource[], signal?: AbortSignal, options?: LoadOptions): Promise<Layer[]> {
  signal?.throwIfAborted();
  const here = sources.flatMap(({ layer }) => layer ?? []);
  if (here.length === sources.length) return here;
  return await pool(AT_ONCE, sources, (source, stop) => source.load(stop, options), signal);
}

/** What these layers show together, the last one on top. */
export async function loadTree(sources: readonly LayerSource[], signal?: AbortSignal, options?: LoadOptions): Promise<Tree> {
  return layerTree(await loadLayers(sources, signal, options));
}
