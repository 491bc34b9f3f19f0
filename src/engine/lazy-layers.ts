/** Layers that a registry may have: bringing them here is the step of their source, and begins when the first step needs a file of them. */
import type { Store } from "../store/index.ts";
import { findLayer, type Layer, type LayerSource } from "../tree/index.ts";

/** The layers of a source, brought here together. */
interface LazyLayers {
  /** Loading one of them loads all; after `close`, each loads by itself, for whoever asks. */
  readonly layers: readonly LayerSource[];
  /** No step will need them any more. Gives whether one did. */
  close(): boolean;
  /** Settles when the work that was begun has come to rest. */
  ended(): Promise<unknown>;
}

/** Makes them; `bring` loads all of them as a step. */
export function lazyLayers(layers: readonly LayerSource[], bring: () => Promise<readonly Layer[]>): LazyLayers {
  let brought: Promise<readonly Layer[]> | undefined;
  let isClosed = false;
  return {
    layers: layers.map((layer, at) => ({
      ...layer,
      // One that is here comes with the others, too.
      layer: undefined,
      async load(signal, options) {
        signal?.throwIfAborted();
        if (isClosed) return await layer.load(signal, options);
        const all = await (brought ??= bring());
        // Both lists have the same length.
        return all[at] as Layer;
      },
    })),
    close() {
      isClosed = true;
      return brought !== undefined;
    },
    ended: async () => await brought?.catch(() => undefined),
  };
}

/** Are all of these in the store? */
export function areHere(store: Store, layers: readonly LayerSource[]): boolean {
  return layers.every(({ diffId }) => diffId !== undefined && findLayer(store, diffId) !== undefined);
}
