/**
 * The action cache (decision 3): digest of an op's ingredients → the layer that it made. Ingredients are framed, never joined (rule S132), and
 * kept readable (`step-records.ts`), so that a miss can be explained.
 */
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Store } from "../store/index.ts";
import { type Layer, type LayerSource, layerSource, openLayer } from "../tree/index.ts";
import { keepDetails, putStepRecord, type StepName } from "./step-records.ts";
import type { Ingredient, SharedResults } from "./types.ts";

/** Finds and keeps results. */
export interface ActionCache {
  /** The layer that these ingredients gave, if it is still here. */
  find(key: Digest): LayerSource | undefined;
  /** Keeps a result under its key, and what it is made of for the next explanation. */
  keep(key: Digest, layer: Layer, made: MadeStep): Promise<LayerSource>;
}

/** A step that ran. */
interface MadeStep {
  readonly name: StepName;
  readonly ingredients: readonly Ingredient[];
  readonly durationMs?: number | undefined;
}

/** What a cache works with besides its store. */
interface ActionCacheOptions {
  /** What other machines know. */
  readonly shared?: SharedResults | undefined;
  /** Results are used for what comes next, and not kept. Default false. */
  readonly forget?: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The key of an op. */
export function keyOf(ingredients: readonly Ingredient[]): Digest {
  return framedDigest(["action-1", ...ingredients.flatMap(({ name, value }) => [name, value])]);
}

/** The cache of a store, and of what other machines know. */
export function createActionCache(store: Store, { shared, forget = false, now = Date.now }: ActionCacheOptions = {}): ActionCache {
  const kept = (key: Digest): LayerSource | undefined => {
    const record = asAction(store.records.get("action", key));
    const layer = record === undefined ? undefined : openLayer(store, record.layer);
    return record === undefined || layer === undefined ? undefined : { ...layerSource(layer), created: record.created };
  };
  const note = (key: Digest, layer: Layer, created: string): void =>
    store.records.put("action", key, { layer: layer.id, created }, [{ kind: "record", space: "layer", id: layer.id }]);
  /** What comes here stays under its key, also without the other machine. */
  const elsewhere = (key: Digest): LayerSource | undefined => {
    const source = shared?.action(key);
    if (source?.created === undefined) return undefined;
    const { created } = source;
    const load = async (...options: Parameters<LayerSource["load"]>): Promise<Layer> => {
      const layer = await source.load(...options);
      note(key, layer, created);
      return layer;
    };
    return { ...source, load };
  };
  return {
    find(key) {
      const found = kept(key) ?? elsewhere(key);
      if (found !== undefined) shared?.tookAction(key, found);
      return found;
    },

    async keep(key, layer, { name, ingredients, durationMs }) {
      const at = now();
      const created = new Date(at).toISOString();
      if (forget) return { ...layerSource(layer), created };
      const kept = await keepDetails(store, ingredients);
      store.records.batch(() => {
        note(key, layer, created);
        const sizeBytes = layer.diffId === undefined ? undefined : store.blobs.size(layer.diffId);
        putStepRecord(store, name, { key, at, text: name.text, ingredients: kept, ...given({ durationMs, sizeBytes }) });
      });
      const source = { ...layerSource(layer), created };
      shared?.tookAction(key, source);
      return source;
    },
  };
}

function asAction(value: unknown): { readonly layer: Digest; readonly created: string } | undefined {
  if (typeof value !== "object" || value === null || !("layer" in value) || !("created" in value)) return undefined;
  const { layer, created } = value;
  return typeof layer === "string" && isDigest(layer) && typeof created === "string" ? { layer, created } : undefined;
}
