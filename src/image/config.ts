/**
 * The configuration file of an image (image-spec config.md): what the build decided, merged onto the base's own JSON, so that
 * fields nobody here knows survive (rules S46, S62). Keys come in the order in which BuildKit writes them.
 */
import type { DiffId } from "../digest.ts";
import { InternalError } from "../errors.ts";
import type { ContainerConfig, HistoryEntry, ImageConfig, Platform } from "../oci/index.ts";
import type { BuiltImage } from "./types.ts";

/** What `imageConfigOf` reads of an image. */
export type ConfigInput = Pick<BuiltImage, "platform" | "base" | "config" | "author" | "history" | "created" | "inlineCache">;

/** The field of a configuration with a cache. */
export const INLINE_CACHE_FIELD = "decant.cache.v1";
/** The order of Go's struct that BuildKit marshals. */
const CONTAINER_KEYS = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
  "ArgsEscaped",
  "Healthcheck",
  "OnBuild",
  "Shell",
] as const satisfies readonly (keyof ContainerConfig)[];
const HISTORY_KEYS = ["created", "created_by", "author", "comment", "empty_layer"] as const satisfies readonly (keyof HistoryEntry)[];
/** Go maps: their keys are sorted. */
const SORTED_MAPS: ReadonlySet<string> = new Set(["ExposedPorts", "Volumes", "Labels"]);
const PLATFORM_KEYS = ["architecture", "os", "variant", "os.version", "os.features"] as const satisfies readonly (keyof Platform)[];

/**
 * Makes the configuration file. `diffIds` are those of `image.layers`, in order.
 * Throws `INTERNAL` when the history has not one non-empty entry for each layer (rule S60).
 */
export function imageConfigOf(image: ConfigInput, diffIds: readonly DiffId[]): { readonly json: string; readonly config: ImageConfig } {
  const history = historyFor(image, diffIds.length).map((entry) => ordered(entry, HISTORY_KEYS));
  const author = image.author ?? image.base?.author;
  const merged: Record<string, unknown> = {
    ...image.base,
    config: containerConfig(image.base?.config, image.config),
    // What is empty is null in Go: an image without layers has the digest that BuildKit gives it, always.
    created: image.created ?? null,
    history: history.length === 0 ? null : history,
    rootfs: { type: "layers", diff_ids: diffIds.length === 0 ? null : diffIds },
  };
  setOrDelete(merged, "author", author);
  // A base's cache names layers by their place, and says nothing of this image.
  setOrDelete(merged, INLINE_CACHE_FIELD, image.inlineCache);
  for (const key of PLATFORM_KEYS) if (image.platform[key] !== undefined) merged[key] = image.platform[key];
  // A base for another variant than the one asked for must not leave its own behind.
  if (image.platform.variant === undefined) delete merged["variant"];
  const config = Object.fromEntries(Object.entries(merged).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  // Every required field of ImageConfig was set above; the rest comes from a validated base.
  return { json: JSON.stringify(config), config: config as unknown as ImageConfig };
}

function containerConfig(base: ContainerConfig | undefined, config: ContainerConfig): Record<string, unknown> {
  const known: ReadonlySet<string> = new Set(CONTAINER_KEYS);
  const unknown = Object.entries(base ?? {}).filter(([key]) => !known.has(key));
  return ordered({ ...Object.fromEntries(unknown), ...config }, CONTAINER_KEYS);
}

/** Known keys first, in their order, without those that Go's omitempty leaves out; then the unknown ones, as they came. */
function ordered(value: object, keys: readonly string[]): Record<string, unknown> {
  const fields = new Map<string, unknown>(Object.entries(value));
  const out: [string, unknown][] = [];
  for (const key of keys) {
    const field = fields.get(key);
    fields.delete(key);
    if (!isEmpty(field)) out.push([key, SORTED_MAPS.has(key) ? sortedKeys(field) : field]);
  }
  for (const [key, field] of fields) if (field !== undefined) out.push([key, field]);
  return Object.fromEntries(out);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function setOrDelete(target: Record<string, unknown>, key: string, value: unknown): void {
  if (isEmpty(value)) delete target[key];
  else target[key] = value;
}

/** The image's history; what its base lacks or has too much of is put right first, because bases in the wild come without history. */
function historyFor(image: ConfigInput, layers: number): readonly HistoryEntry[] {
  if (countLayers(image.history) === layers) return image.history;
  const baseEntries = image.base?.history ?? [];
  const baseLayers = image.base?.rootfs.diff_ids.length ?? 0;
  const ours = image.history.slice(baseEntries.length);
  const repaired = [...repairHistory(image.history.slice(0, baseEntries.length), baseLayers), ...ours];
  if (countLayers(repaired) === layers) return repaired;
  throw new InternalError(`the history names ${countLayers(image.history)} layers; the image has ${layers}`);
}

function repairHistory(history: readonly HistoryEntry[], layers: number): readonly HistoryEntry[] {
  let seen = 0;
  const marked = history.map((entry) => {
    if (entry.empty_layer === true) return entry;
    seen += 1;
    return seen > layers ? { ...entry, empty_layer: true } : entry;
  });
  const missing = Array.from({ length: Math.max(0, layers - seen) }, () => ({ comment: "decant: not in the base's history" }));
  return [...marked, ...missing];
}

function countLayers(history: readonly HistoryEntry[]): number {
  return history.reduce((count, entry) => (entry.empty_layer === true ? count : count + 1), 0);
}
