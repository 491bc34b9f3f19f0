/**
 * The document of a cache: what was found under which key, and which of the layers beside it is the result. All of it comes from elsewhere, so it is
 * checked field by field.
 */
import * as v from "valibot";
import { type Digest, isDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";

/** Media type of the document. */
export const CACHE_DOCUMENT: string = "application/vnd.decant.cache.v1+json";
/** A bound on what is read, far above what `MAX_RESULTS` and `MAX_SELECTIONS` need. */
export const MAX_DOCUMENT_BYTES: number = 64 * 1024 * 1024;
/** A bound on the manifest beside it: a line for each layer. */
export const MAX_MANIFEST_BYTES: number = 8 * 1024 * 1024;
/** A manifest of more layers is larger than registries take. */
export const MAX_RESULTS = 10_000;
const MAX_SELECTIONS = 20_000;
/** Of one cache. */
export const MAX_MOUNTS = 1000;
/** What no build has used for so long is left out of the next export. */
const KEEP_MS = 30 * 24 * 60 * 60 * 1000;

/** The result of an op. */
export interface SharedResult {
  readonly key: Digest;
  /** What keys of the next steps see: its content digest. */
  readonly content: Digest;
  /** Absent in an image, whose configuration has it. */
  readonly diffId?: Digest | undefined;
  /** RFC 3339. */
  readonly created: string;
  /** When a build has last used it, in milliseconds since the epoch. */
  readonly used: number;
  /** Its place among the layers. */
  readonly layer: number;
}

/** What a step selected of layers: `memo` names both. */
export interface SharedSelection {
  readonly memo: Digest;
  readonly digest: Digest;
  readonly used: number;
}

/** What a cache mount had, as layers on each other. */
export interface SharedMount {
  readonly key: Digest;
  readonly id: string;
  readonly used: number;
  readonly packs: readonly { readonly layer: number; readonly diffId: Digest }[];
}

/** A cache. */
interface CacheDocument {
  readonly mounts?: readonly SharedMount[] | undefined;
  readonly results: readonly SharedResult[];
  readonly selections: readonly SharedSelection[];
}

const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const place = v.pipe(v.number(), v.integer(), v.minValue(0));
const schema = v.object({
  version: v.literal(1),
  results: v.pipe(
    v.array(
      v.object({
        key: digest,
        content: digest,
        diffId: v.optional(digest),
        created: v.pipe(v.string(), v.isoTimestamp()),
        used: time,
        layer: place,
      }),
    ),
    v.maxLength(MAX_RESULTS),
  ),
  selections: v.pipe(v.array(v.object({ memo: digest, digest, used: time })), v.maxLength(MAX_SELECTIONS)),
  mounts: v.optional(
    v.pipe(
      v.array(v.object({ key: digest, id: v.string(), used: time, packs: v.array(v.object({ layer: place, diffId: digest })) })),
      v.maxLength(MAX_MOUNTS),
    ),
  ),
});

/** Reads the text of a document; `layers`: how many there are. Throws `MANIFEST` for anything else than a cache of ours. */
export function parseCache(bytes: Uint8Array, layers: number, name: string): CacheDocument {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw damaged(name, "its document is no JSON", cause);
  }
  return checkCache(value, layers, name);
}

/** The same for a document that was part of another. Throws `MANIFEST`. */
export function checkCache(value: unknown, layers: number, name: string): CacheDocument {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw damaged(name, `its document is not as wanted: ${v.getDotPath(parsed.issues[0]) ?? "the whole of it"}`);
  const { results, selections, mounts = [] } = parsed.output;
  if ([...results, ...mounts.flatMap(({ packs }) => packs)].some(({ layer }) => layer >= layers))
    throw damaged(name, "its document names layers that it does not have");
  return { results, selections, mounts };
}

/** A document, for JSON. */
export function cacheDocument({ results, selections, mounts = [] }: CacheDocument): object {
  return { version: 1, results, selections, ...(mounts.length === 0 ? {} : { mounts }) };
}

/** Of two results for a key the later one counts; what was not used for long, and what is too much, goes. */
export function livingOf<Item extends { readonly used: number }>(items: readonly Item[], nowMs: number, limit: number): Item[] {
  return items
    .filter(({ used }) => nowMs - used < KEEP_MS)
    .toSorted((a, b) => b.used - a.used)
    .slice(0, limit);
}

/** The selections of several documents, each once. */
export function mergedSelections(all: readonly SharedSelection[], nowMs: number): SharedSelection[] {
  const byMemo = new Map<Digest, SharedSelection>();
  for (const one of all) if ((byMemo.get(one.memo)?.used ?? -1) < one.used) byMemo.set(one.memo, one);
  return livingOf([...byMemo.values()], nowMs, MAX_SELECTIONS);
}

function damaged(name: string, state: string, cause?: unknown): DecantError {
  return new DecantError("MANIFEST", `Cannot use the cache "${name}": ${state}`, {
    hint: "Leave --cache-from out, or write the cache anew with --cache-to",
    cause,
  });
}
