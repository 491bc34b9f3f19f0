/**
 * What steps were made of when they ran, so that a miss can be explained: a record for each key with its ingredients in readable form, and
 * for each step of a Dockerfile a list of its newest records. Decides nothing: keys and results are the action cache's.
 */
import { AT_ONCE, pool } from "../async.ts";
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Ref, Store } from "../store/index.ts";
import { readPathLines } from "./file/selection-lines.ts";
import type { EngineContext, Ingredient } from "./types.ts";

/** A step as its records know it. */
export interface StepName {
  /** Its place in the Dockerfile: stage, number, instruction. */
  readonly slot: string;
  /** Its instruction as it is written, without its place: a step that moved is found by it. */
  readonly text: string;
}

/** An ingredient as it is kept: of a secret, `value` is a digest. */
export interface KeptIngredient extends Omit<Ingredient, "detail"> {
  /** The blob with its list of paths, compressed. */
  readonly detail?: Digest;
}

/** A run of a step. */
export interface StepRecord {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  /** How long it took; undefined where nobody measured it. */
  readonly durationMs?: number;
  /** Of the layer's uncompressed tar, where it was made. */
  readonly sizeBytes?: number;
  readonly ingredients: readonly KeptIngredient[];
}

const RECORDS = "step";
const LISTS = "steps";
/** Of a list of paths, which is compressed. */
const MAX_BLOB_BYTES = 80 * 1024 * 1024;
/** So many records a step: enough to go back and forth between branches. */
const KEPT = 4;

/** What is kept of an ingredient, without its list of paths. */
export function keptIngredient({ name, value, kind, shown, isSecret }: Ingredient): KeptIngredient {
  return {
    name,
    value: isSecret === true ? framedDigest(["secret", value]) : value,
    ...given({ kind, shown, isSecret }),
  };
}

/** Ingredients as records and explanations may have them: what holds a secret of the build counts as one. Never for keys. */
export function withoutSecrets(ingredients: readonly Ingredient[], guard: EngineContext["guard"]): readonly Ingredient[] {
  if (guard === undefined) return ingredients;
  return ingredients.map((part) => ({
    ...part,
    ...given({ shown: part.shown && guard.masked(part.shown) }),
    ...(guard.masked(part.value) === part.value ? {} : { isSecret: true }),
  }));
}

/** Stores the lists of paths; gives what `putStepRecord` keeps. */
export async function keepDetails(store: Store, ingredients: readonly Ingredient[]): Promise<KeptIngredient[]> {
  return await pool(AT_ONCE, ingredients, async (ingredient) => {
    const { detail } = ingredient;
    const blob = detail === undefined ? undefined : (await store.blobs.put(detail.compressed())).digest;
    return { ...keptIngredient(ingredient), ...given({ detail: blob }) };
  });
}

/** Keeps a run. Part of the caller's transaction. */
export function putStepRecord(store: Store, name: StepName, record: StepRecord): void {
  const { key, ...value } = record;
  const blobs = record.ingredients.flatMap(({ detail }): Ref[] => (detail === undefined ? [] : [{ kind: "blob", id: detail }]));
  store.records.put(RECORDS, key, value, blobs);
  for (const list of listsOf(name)) {
    const keys = [key, ...keysOf(store, list).filter((other) => other !== key)].slice(0, KEPT);
    store.records.put(
      LISTS,
      list,
      keys,
      keys.map((id) => ({ kind: "record", space: RECORDS, id })),
    );
  }
}

/** The record of a key. */
export function stepRecord(store: Store, key: string): StepRecord | undefined {
  return asRecord(key, store.records.get(RECORDS, key));
}

/** Records of the step, those of its place first, the newest first of each. */
export function recordsOf(store: Store, name: StepName): StepRecord[] {
  const keys = new Set(listsOf(name).flatMap((list) => keysOf(store, list)));
  return [...keys].flatMap((key) => stepRecord(store, key) ?? []);
}

/** When a prune removed what was known of the step, in milliseconds since the epoch. */
export function recordsPrunedAt(store: Store, name: StepName): number | undefined {
  const times = listsOf(name).flatMap((list) => store.records.removedAt(LISTS, list) ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The list of paths of an ingredient; undefined where it was none, or is gone. Throws `STORE_CORRUPT`. */
export async function detailOf(store: Store, { detail }: KeptIngredient): Promise<Uint8Array | undefined> {
  if (detail === undefined || store.blobs.size(detail) === undefined) return undefined;
  return await readPathLines(await store.blobs.read(detail, MAX_BLOB_BYTES));
}

function listsOf({ slot, text }: StepName): string[] {
  return [framedDigest(["slot", slot]), framedDigest(["text", text])];
}

function keysOf(store: Store, list: string): string[] {
  const value = store.records.get(LISTS, list);
  return Array.isArray(value) ? value.filter((key: unknown) => typeof key === "string") : [];
}

function asRecord(key: string, value: unknown): StepRecord | undefined {
  if (typeof value !== "object" || value === null || !("ingredients" in value) || !Array.isArray(value.ingredients)) return undefined;
  const { at, text, durationMs, sizeBytes } = value as Readonly<Record<string, unknown>>;
  if (typeof at !== "number" || typeof text !== "string") return undefined;
  return {
    key,
    at,
    text,
    ...given({
      durationMs: typeof durationMs === "number" ? durationMs : undefined,
      sizeBytes: typeof sizeBytes === "number" ? sizeBytes : undefined,
    }),
    ingredients: value.ingredients.flatMap(asIngredient),
  };
}

const KINDS: ReadonlySet<unknown> = new Set<Ingredient["kind"]>(["files", "arg", "env", "base", "parent", "instruction"]);

function asIngredient(part: unknown): KeptIngredient[] {
  if (typeof part !== "object" || part === null) return [];
  const { name, value, kind, shown, isSecret, detail } = part as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || typeof value !== "string") return [];
  return [
    {
      name,
      value,
      ...given({
        // Only what is one of them.
        kind: KINDS.has(kind) ? (kind as Ingredient["kind"]) : undefined,
        shown: typeof shown === "string" ? shown : undefined,
        isSecret: isSecret === true ? true : undefined,
        detail: typeof detail === "string" && isDigest(detail) ? detail : undefined,
      }),
    },
  ];
}
