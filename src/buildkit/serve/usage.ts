/** What the store holds as clients are told of it: records of the cache, folders of clients, and the images, which no client prunes. */
import { createHash } from "node:crypto";
import { diskBytes, type Store, type StoreEntry } from "../../store/index.ts";
import type { FilteredRecord } from "./usage-filters.ts";
import { clientFolders } from "./synced-folders.ts";

/** One record. */
export interface CacheUsage extends FilteredRecord {
  readonly bytes: number;
  readonly lastUsedMs?: number;
  /** Where it is known. */
  readonly createdMs?: number | undefined;
  /** What of the store it is; absent for what no filter can choose. */
  readonly entry?: StoreEntry;
  /** The folder of a client. */
  readonly folder?: string;
}

const STEPS = "step";
const GIT = new Set(["git", "git-tree"]);
const NAMES: Readonly<Record<string, string>> = {
  action: "result of a step",
  layer: "layer",
  step: "list of what a step has read",
  steps: "list of what a step has read",
  http: "download",
  git: "git repository",
  "git-tree": "files of a git repository",
  "archive-context": "context",
};

/** Reads the whole store; uses nothing of it. */
export async function cacheUsage(store: Store, signal: AbortSignal): Promise<CacheUsage[]> {
  const { imageBytes, unusedBytes, records } = await store.entries({ valuesOf: [STEPS, "action", "cache-mount"], signal });
  const texts = new Map(records.flatMap(({ space, id, value }) => (space === STEPS ? [[id, textIn(value, "text")] as const] : [])));
  const found: CacheUsage[] = records
    .filter(({ bytes }) => bytes > 0)
    .map((entry) => ({
      id: idOf(`${entry.space}\0${entry.id}`),
      recordType: typeOf(entry),
      description: descriptionOf(entry, texts),
      inUse: entry.isInUse,
      mutable: entry.kind === "mounts",
      bytes: entry.bytes,
      lastUsedMs: entry.lastUsed,
      createdMs: createdIn(entry.value),
      entry,
    }));
  for (const { path, lastUsedMs, isInUse } of await clientFolders(store)) {
    found.push({
      id: idOf(path),
      recordType: "source.local",
      description: "files of a client's context",
      inUse: isInUse,
      mutable: true,
      bytes: await diskBytes(path, signal),
      lastUsedMs,
      folder: path,
    });
  }
  const rest = { recordType: "regular", mutable: false };
  if (imageBytes > 0) found.push({ ...rest, id: "images", description: "images of the store", inUse: true, bytes: imageBytes });
  if (unusedBytes > 0) found.push({ ...rest, id: "unused", description: "what nothing needs any more", inUse: false, bytes: unusedBytes });
  return found;
}

function typeOf({ space, kind }: StoreEntry): string {
  if (kind === "mounts") return "exec.cachemount";
  if (space === "archive-context") return "source.local";
  return GIT.has(space) ? "source.git.checkout" : "regular";
}

function descriptionOf({ space, id, value }: StoreEntry, texts: ReadonlyMap<string, string>): string {
  if (space === "cache-mount") return `cache mount ${textIn(value, "id")}`;
  return (space === "action" ? texts.get(id) : undefined) ?? NAMES[space] ?? space;
}

function textIn(value: unknown, key: string): string {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === "string" ? found : "";
}

/** Records of results say when they were made. */
function createdIn(value: unknown): number | undefined {
  const found = Date.parse(textIn(value, "created"));
  return Number.isNaN(found) ? undefined : found;
}

/** Of 25 characters, as BuildKit's are. */
function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 25);
}
