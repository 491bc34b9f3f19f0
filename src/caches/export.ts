/** Leaves results for other machines: what the place has stays, what this build found comes to it, and only what is missing moves. */
import { AT_ONCE, delay, pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { type ArtifactPlace, type ImageContext, packArtifact, writeArtifact } from "../image/index.ts";
import type { UsedMount } from "../engine/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { step } from "../step.ts";
import type { LayerSource } from "../tree/index.ts";
import { CACHE_DOCUMENT, cacheDocument, livingOf, MAX_MOUNTS, MAX_RESULTS, mergedSelections, type SharedSelection } from "./document.ts";
import { type CachePlace, type FoundCache, type FoundMount, type PlaceContext, placeOf, type PlacedResult, readCache } from "./place.ts";
import { packMounts } from "./mounts.ts";
import { pruneFolder } from "./prune-folder.ts";
import type { OwnPlace } from "./types.ts";

/** What a build found. */
export interface BuildResults {
  readonly results: ReadonlyMap<Digest, LayerSource>;
  readonly selections: ReadonlyMap<Digest, Digest>;
  /** Cache mounts of steps that ran, and what these started with. */
  readonly mounts: ReadonlyMap<Digest, UsedMount>;
  readonly brought: ReadonlyMap<Digest, ReadonlySet<Digest>>;
  /** The layers of its images. */
  readonly layers: readonly LayerSource[];
}

/** What writing caches needs. */
type ExportContext = Omit<PlaceContext, "vertex">;

/** How often a cache is written anew because somebody else wrote it at the same time. */
const MAX_ROUNDS = 30;
/** Others take less from reading a cache to writing it; or so many times what we took. */
const SETTLE_MS = 400;
const SETTLE_TIMES = 3;

/** How old a note of use may become. */
const FRESH_MS = 24 * 60 * 60 * 1000;

/** A cache that is to be written, and where. */
interface OpenTarget {
  readonly target: OwnPlace;
  readonly place: CachePlace;
}

/** Finds where caches go, and asks nobody. Throws `REFERENCE`, and `USAGE` for settings that are missing: before the build, which may take long. */
export async function openTargets(targets: readonly OwnPlace[], ctx: ExportContext): Promise<readonly OpenTarget[]> {
  const open: OpenTarget[] = [];
  for (const [at, target] of targets.entries()) open.push({ target, place: await placeOf({ ...ctx, vertex: vertexOf(at) }, target) });
  return open;
}

/** Writes caches, one after the other. Throws what registries throw and `EXPORT`; with `ignoreError` that is a warning. */
export async function exportCaches(targets: readonly OpenTarget[], found: BuildResults, ctx: ExportContext): Promise<void> {
  for (const [at, { target, place }] of targets.entries()) {
    const run = { ...ctx, vertex: vertexOf(at) };
    await step(ctx.emit, { vertex: run.vertex, name: `exporting cache to ${place.name}` }, ctx.signal, async () => {
      try {
        const before = await known(run, place);
        const own = await ownResults(run, place.place, target, { found, before });
        if (before === undefined || !hasAll(before, own)) await writeCache(run, place, own);
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (target.ignoreError !== true || !isDecantError(error)) throw error;
        ctx.emit({ type: "warning", code: "CacheNotWritten", message: `The cache "${place.name}" was not written: ${error.message}` });
      }
    });
  }
}

/** Looks through the cache mounts that targets will have, before anything is written. Throws `SECRET_IN_IMAGE`. */
export async function checkMounts(targets: readonly OpenTarget[], used: BuildResults["mounts"], ctx: ExportContext): Promise<void> {
  for (const { target } of targets) await packMounts({ ...ctx, emit: () => undefined, vertex: "check mounts" }, used, target);
}

function vertexOf(at: number): string {
  return `export cache ${at}`;
}

/** What a build adds to a cache; its layers are there already. */
interface OwnResults {
  readonly results: readonly PlacedResult[];
  readonly selections: readonly SharedSelection[];
  readonly mounts: readonly FoundMount[];
  readonly brought: BuildResults["brought"];
  /** All mounts of the cache count as used: builds want them. */
  readonly keepsMounts: boolean;
  readonly nowMs: number;
}

async function ownResults(
  ctx: ImageContext & Pick<PlaceContext, "guard">,
  place: ArtifactPlace,
  target: OwnPlace,
  { found, before }: { readonly found: BuildResults; readonly before: FoundCache | undefined },
): Promise<OwnResults> {
  const { mode = "min", compression, level, force } = target;
  const nowMs = Date.now();
  const wanted = new Set(found.layers);
  const there = new Map(before?.results.map((result) => [result.content, result]));
  const reused: PlacedResult[] = [];
  const chosen: { readonly key: Digest; readonly source: LayerSource }[] = [];
  for (const [key, source] of found.results) {
    if (mode === "min" && !wanted.has(source)) continue;
    const same = there.get(source.key);
    // Its layer need not even be looked at: it may never have been here.
    if (same !== undefined) {
      const { content, diffId, created, descriptor } = same;
      reused.push({ key, content, diffId, created, descriptor, used: nowMs });
      continue;
    }
    // No tar tells the owner of the root: such a step runs anew elsewhere.
    if (source.remote === undefined && (await source.load(ctx.signal)).rootOwner !== undefined) continue;
    chosen.push({ key, source });
  }
  // Objects that nobody touches may be dropped.
  if (place.kind === "objects") {
    const { objects } = place;
    await pool(AT_ONCE, reused, ({ descriptor }, signal) => objects.has(descriptor, signal), ctx.signal);
  }
  // A layer is known by what its step found, and by descent.
  const sources = [...new Set(chosen.map(({ source }) => source))];
  const layers = await packArtifact(ctx, place, sources, { compression, level, force });
  const packs = new Map(sources.map((source, at) => [source, layers[at]]));
  const results = chosen.flatMap(({ key, source }): PlacedResult[] => {
    const packed = packs.get(source);
    const created = source.created ?? new Date(nowMs).toISOString();
    return packed === undefined ? [] : [{ key, content: source.key, created, used: nowMs, ...packed }];
  });
  return {
    results: [...reused, ...results],
    mounts: await ownMounts(ctx, place, target, { found, nowMs }),
    brought: found.brought,
    keepsMounts: target.mounts !== undefined && target.mounts !== false,
    selections: [...found.selections].map(([memo, digest]) => ({ memo, digest, used: nowMs })),
    nowMs,
  };
}

async function ownMounts(
  ctx: ImageContext & Pick<PlaceContext, "guard">,
  place: ArtifactPlace,
  target: OwnPlace,
  { found, nowMs }: { readonly found: BuildResults; readonly nowMs: number },
): Promise<FoundMount[]> {
  const { compression, level, force } = target;
  const mounts: FoundMount[] = [];
  for (const { key, id, packs } of await packMounts(ctx, found.mounts, target))
    mounts.push({ key, id, used: nowMs, packs: await packArtifact(ctx, place, packs, { compression, level, force }) });
  return mounts;
}

/** What others have added since this build took the mount stays below what it has now. */
function mergedMounts({ mounts, brought, keepsMounts, nowMs }: OwnResults, before: readonly FoundMount[]): FoundMount[] {
  const own = new Map(mounts.map((mount) => [mount.key, mount]));
  const theirs = before.map((mount) => (keepsMounts ? { ...mount, used: nowMs } : mount));
  const merged = theirs.map((mount) => {
    const mine = own.get(mount.key);
    own.delete(mount.key);
    if (mine === undefined) return mount;
    const known = new Set([...(brought.get(mount.key) ?? []), ...mine.packs.map(({ descriptor }) => descriptor.digest)]);
    return { ...mine, packs: [...mount.packs.filter(({ descriptor }) => !known.has(descriptor.digest)), ...mine.packs] };
  });
  return livingOf([...merged, ...own.values()], nowMs, MAX_MOUNTS);
}

/** Registries and buckets know no "write if unchanged": whoever writes looks again whether it is still what it wrote, and writes again what others lost. */
async function writeCache(ctx: ImageContext, place: CachePlace, own: OwnResults): Promise<void> {
  if (place.place.kind === "folder") {
    await using _lock = await ctx.store.locks.acquire(`cache:${place.place.path}`, { signal: ctx.signal });
    await writeMerged(ctx, place, own, await known(ctx, place));
    await pruneFolder(place.place.path);
    return;
  }
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const startMs = performance.now();
    const before = await known(ctx, place);
    if (before !== undefined && hasAll(before, own)) return;
    if (await writeMerged(ctx, place, own, before)) return;
    const tookMs = performance.now() - startMs;
    await delay(Math.max(SETTLE_MS, SETTLE_TIMES * tookMs) * (0.5 + Math.random()), ctx.signal);
  }
  throw new DecantError("EXPORT", `Cannot write the cache "${place.name}": others wrote it anew ${MAX_ROUNDS} times at the same moment`, {
    hint: "Give the builds references of their own, and read all of them with --cache-from",
  });
}

/** What is no cache of ours is replaced, as in BuildKit. */
async function known(ctx: ImageContext, place: CachePlace): Promise<FoundCache | undefined> {
  try {
    return await readCache(ctx, place);
  } catch (error) {
    if (isDecantError(error, "MANIFEST")) return undefined;
    throw error;
  }
}

/** Does a cache have all results, as used lately? Else they would be left out one day though builds use them. */
function hasAll(cache: FoundCache, own: OwnResults): boolean {
  const isFresh = ({ used }: { readonly used: number }): boolean => own.nowMs - used < FRESH_MS;
  const keys = new Set(cache.results.filter(isFresh).map(({ key }) => key));
  const memos = new Set(cache.selections.filter(isFresh).map(({ memo }) => memo));
  const packs = new Map(cache.mounts.map((mount) => [mount.key, new Set(mount.packs.map(({ descriptor }) => descriptor.digest))]));
  const hasMount = (mount: FoundMount): boolean => mount.packs.every(({ descriptor }) => packs.get(mount.key)?.has(descriptor.digest));
  if (!own.mounts.every(hasMount)) return false;
  return own.results.every(({ key }) => keys.has(key)) && own.selections.every(({ memo }) => memos.has(memo));
}

async function writeMerged(ctx: ImageContext, { place }: CachePlace, own: OwnResults, before: FoundCache | undefined): Promise<boolean> {
  const mine = new Set(own.results.map(({ key }) => key));
  const all = [...own.results, ...(before?.results ?? []).filter(({ key }) => !mine.has(key))];
  const results = livingOf<PlacedResult>(all, own.nowMs, MAX_RESULTS);
  const mounts = mergedMounts(own, before?.mounts ?? []);
  const blobs = [...results, ...mounts.flatMap(({ packs }) => packs)];
  const layers = [...new Map(blobs.map(({ descriptor }) => [descriptor.digest, descriptor])).values()];
  const places = new Map(layers.map(({ digest }, at) => [digest, at]));
  const numbered = (descriptor: Descriptor): number => places.get(descriptor.digest) ?? 0;
  return await writeArtifact(ctx, place, {
    mediaType: CACHE_DOCUMENT,
    layers,
    document: JSON.stringify(
      cacheDocument({
        results: results.map(({ key, content, diffId, created, used, descriptor }) => ({
          key,
          content,
          diffId,
          created,
          used,
          layer: numbered(descriptor),
        })),
        mounts: mounts.map(({ key, id, used, packs }) => ({
          key,
          id,
          used,
          packs: packs.map(({ descriptor, diffId }) => ({ layer: numbered(descriptor), diffId })),
        })),
        selections: mergedSelections([...own.selections, ...(before?.selections ?? [])], own.nowMs),
      }),
    ),
  });
}
