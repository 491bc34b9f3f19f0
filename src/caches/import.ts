/** Takes results of other machines: the records first, layers when something needs their files. */
import { type Digest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import type { ImageContext } from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import type { Layer, LayerSource } from "../tree/index.ts";
import { readInlineCache } from "./inline.ts";
import { type CachePlace, type FoundCache, type FoundMount, type FoundResult, type PlaceContext, placeOf, readCache } from "./place.ts";
import type { CacheSource } from "./types.ts";

/** What caches know. */
export interface ImportedResults {
  readonly results: ReadonlyMap<Digest, LayerSource>;
  readonly selections: ReadonlyMap<Digest, Digest>;
  readonly mounts: ReadonlyMap<Digest, FoundMount>;
}

/** What reading caches needs. */
interface ImportContext extends Omit<PlaceContext, "vertex"> {
  /** For caches in images. */
  readonly platforms: readonly Platform[];
}

/**
 * Reads caches; of several the first one that knows a result counts. One that is not there yet knows nothing. One that cannot be read is a warning:
 * the build can do without. Throws `REFERENCE`, and the signal's reason.
 */
export async function importCaches(sources: readonly CacheSource[], ctx: ImportContext): Promise<ImportedResults> {
  const results = new Map<Digest, LayerSource>();
  const selections = new Map<Digest, Digest>();
  const mounts = new Map<Digest, FoundMount>();
  for (const [at, source] of sources.entries()) {
    const run = { ...ctx, vertex: `import cache ${at}` };
    const place = await placeOf(run, source);
    const found = await step(ctx.emit, { vertex: run.vertex, name: `importing cache from ${place.name}` }, ctx.signal, async () => {
      try {
        const caches = await cachesAt(run, place);
        // No mistake in a first build, but one where a name is mistyped.
        if (caches.length === 0) ctx.emit({ type: "log", vertex: run.vertex, stream: "stdout", data: "there is no cache yet\n" });
        return caches;
      } catch (error) {
        ctx.signal.throwIfAborted();
        if (!isDecantError(error)) throw error;
        ctx.emit({
          type: "warning",
          code: "CacheUnreadable",
          message: `The build goes on without the cache "${place.name}": ${error.message}`,
        });
        return undefined;
      }
    });
    for (const result of (found ?? []).flatMap((cache) => cache.results))
      if (!results.has(result.key)) results.set(result.key, importedLayer(result, place.name));
    for (const { memo, digest } of (found ?? []).flatMap((cache) => cache.selections))
      if (!selections.has(memo)) selections.set(memo, digest);
    for (const mount of (found ?? []).flatMap((cache) => cache.mounts)) if (!mounts.has(mount.key)) mounts.set(mount.key, mount);
  }
  return { results, selections, mounts };
}

/** A cache, or those in the images of a name. */
async function cachesAt(ctx: ImageContext & Pick<ImportContext, "platforms">, named: CachePlace): Promise<FoundCache[]> {
  const own = await readCache(ctx, named);
  if (own !== undefined) return [own];
  const { name, place } = named;
  const found: FoundCache[] = [];
  if (place.kind !== "registry") return found;
  for (const platform of ctx.platforms) {
    try {
      const cache = await readInlineCache(ctx, place.reference, platform, name);
      if (cache !== undefined) found.push(cache);
    } catch (error) {
      if (!isDecantError(error, "IMAGE_NOT_FOUND")) throw error;
    }
  }
  return found;
}

/** A layer under the key that its cache promises; once it is here, it is checked against that. */
function importedLayer({ source, content, created }: FoundResult, name: string): LayerSource {
  const checked = (layer: Layer): Layer => {
    if (layer.contentDigest === content) return layer;
    throw new DecantError("MANIFEST", `Cannot use the cache "${name}": a layer is not what its record says`, {
      hint: "Leave --cache-from out, or write the cache anew with --cache-to",
    });
  };
  return { ...source, key: content, created, load: async (signal, options) => checked(await source.load(signal, options)) };
}
