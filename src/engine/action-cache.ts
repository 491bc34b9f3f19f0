/**
 * The action cache (decision 3): digest of an op's ingredients → the layer that it made. Ingredients are framed, never joined (rule S132), and
 * kept readable, so that a miss can be explained.
 */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AT_ONCE, pool } from "../async.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Store } from "../store/index.ts";
import { type Layer, type LayerSource, layerSource, openLayer } from "../tree/index.ts";
import { MAX_LINES_BYTES } from "./file/selection-lines.ts";
import type { Ingredient, SharedResults } from "./types.ts";

/** Finds and keeps results. */
export interface ActionCache {
  /** The layer that these ingredients gave, if it is still here. */
  find(key: Digest): LayerSource | undefined;
  /** Keeps a result under its key, and under the step's slot for the next explanation. */
  keep(key: Digest, layer: Layer, slot: string, ingredients: readonly Ingredient[]): Promise<LayerSource>;
  /** Which ingredients differ from the last run of the step; undefined when it never ran. */
  explain(slot: string, ingredients: readonly Ingredient[]): Promise<string[] | undefined>;
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

const SHOWN_CHANGES = 20;

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

    async keep(key, layer, slot, ingredients) {
      const created = new Date(now()).toISOString();
      if (forget) return { ...layerSource(layer), created };
      const details = await pool(AT_ONCE, ingredients, async ({ detail }) =>
        detail === undefined ? undefined : (await store.blobs.put(zstdCompressSync(detail))).digest,
      );
      const blobs = details.flatMap((digest) => (digest === undefined ? [] : [{ kind: "blob", id: digest } as const]));
      store.records.batch(() => {
        note(key, layer, created);
        const shown = ingredients.map(({ name, value }, index) => ({
          name,
          value,
          ...given({ detail: details[index] }),
        }));
        store.records.put("step", slotId(slot), shown, blobs);
      });
      const source = { ...layerSource(layer), created };
      shared?.tookAction(key, source);
      return source;
    },

    async explain(slot, ingredients) {
      const before = asIngredients(store.records.get("step", slotId(slot)));
      if (before === undefined) return undefined;
      const old = new Map(before.map((part) => [part.name, part]));
      const changes: string[] = [];
      for (const { name, value, detail } of ingredients) {
        const was = old.get(name);
        old.delete(name);
        if (was === undefined) changes.push(`${name}: new`);
        else if (was.value !== value) changes.push(...(await describeChange(store, name, was, value, detail)));
      }
      for (const name of old.keys()) changes.push(`${name}: gone`);
      return changes;
    },
  };
}

function slotId(slot: string): string {
  return framedDigest(["slot", slot]);
}

interface OldIngredient {
  readonly name: string;
  readonly value: string;
  readonly detail?: Digest;
}

async function describeChange(
  store: Store,
  name: string,
  was: OldIngredient,
  value: string,
  detail: Uint8Array | undefined,
): Promise<string[]> {
  if (detail !== undefined && was.detail !== undefined && store.blobs.size(was.detail) !== undefined) {
    const packed = await store.blobs.read(was.detail, MAX_LINES_BYTES);
    return fileChanges(linesOf(zstdDecompressSync(packed, { maxOutputLength: MAX_LINES_BYTES })), linesOf(detail));
  }
  if (value.startsWith("sha256:") || value.includes("\n")) return [`${name}: changed`];
  return [`${name}: ${was.value === "" ? "(empty)" : was.value} → ${value === "" ? "(empty)" : value}`];
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").split("\n");
}

/**
 * "src/index.ts: content", from two lists of "path<TAB>facts<TAB>digest", with "<TAB>linked to PATH" where it is another name of a file before it. A
 * selection of nothing is an empty line.
 */
function fileChanges(before: readonly string[], after: readonly string[]): string[] {
  const split = (lines: readonly string[]): Map<string, readonly string[]> =>
    new Map(
      lines
        .filter((line) => line !== "")
        .map((line) => {
          const [path = "", ...facts] = line.split("\t");
          return [path, facts];
        }),
    );
  const old = split(before);
  const changes: string[] = [];
  for (const [path, [facts, content, link]] of split(after)) {
    const was = old.get(path);
    old.delete(path);
    if (was === undefined) changes.push(`${path}: new`);
    else if (was[1] !== content) changes.push(`${path}: content`);
    else if (was[0] !== facts) changes.push(`${path}: mode, owner or type (${was[0]} → ${facts})`);
    else if (was[2] !== link) changes.push(`${path}: hard links (${was[2] ?? "none"} → ${link ?? "none"})`);
  }
  for (const path of old.keys()) changes.push(`${path}: gone`);
  return changes.length > SHOWN_CHANGES ? [...changes.slice(0, SHOWN_CHANGES), `and ${changes.length - SHOWN_CHANGES} more`] : changes;
}

function asAction(value: unknown): { readonly layer: Digest; readonly created: string } | undefined {
  if (typeof value !== "object" || value === null || !("layer" in value) || !("created" in value)) return undefined;
  const { layer, created } = value;
  return typeof layer === "string" && isDigest(layer) && typeof created === "string" ? { layer, created } : undefined;
}

function asIngredients(value: unknown): OldIngredient[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((part: unknown): OldIngredient[] => {
    if (typeof part !== "object" || part === null || !("name" in part) || !("value" in part)) return [];
    const { name, value: text } = part;
    if (typeof name !== "string" || typeof text !== "string") return [];
    const detail = "detail" in part && typeof part.detail === "string" && isDigest(part.detail) ? { detail: part.detail } : {};
    return [{ name, value: text, ...detail }];
  });
}
