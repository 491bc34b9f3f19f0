/** A cache by its name: where it is, how it is called, and what is in it now. */
import { resolve } from "node:path";
import { type Digest, sha256 } from "../digest.ts";
import { openArtifact, type ArtifactPlace, type ImageContext } from "../image/index.ts";
import type { Network } from "../net/index.ts";
import { type Descriptor, formatFamiliar } from "../oci/index.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { CACHE_DOCUMENT, MAX_DOCUMENT_BYTES, parseCache, type SharedMount, type SharedResult, type SharedSelection } from "./document.ts";
import type { CacheSource, OwnPlace } from "./types.ts";

/** The diffId of a layer that no result names: nobody asks for it. */
const NOT_NAMED = sha256("");

/** A place with its name for messages. */
export interface CachePlace {
  readonly name: string;
  readonly place: ArtifactPlace;
}

/** A result with the blob of its layer. */
export type PlacedResult = Omit<SharedResult, "layer" | "diffId"> & { readonly diffId: Digest; readonly descriptor: Descriptor };

/** A result of a cache, with its layer. */
export type FoundResult = PlacedResult & { readonly source: LayerSource };

/** A cache mount with the blobs of its packs, and those as layers. */
export interface FoundMount extends Omit<SharedMount, "packs"> {
  readonly packs: readonly PlacedPack[];
}

/** A pack that is where its cache is. */
interface PlacedPack {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Absent for those that this build has written. */
  readonly source?: LayerSource | undefined;
}

/** What a place has. */
export interface FoundCache {
  readonly mounts: readonly FoundMount[];
  readonly results: readonly FoundResult[];
  readonly selections: readonly SharedSelection[];
}

/** What finding a place takes. Relative folders are below `cwd`. */
export interface PlaceContext extends ImageContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly network: Network;
  /** Knows the secrets that nothing that is written may have. Default: none are known. */
  readonly guard?: SecretGuard | undefined;
}

/** Finds a place. Throws `REFERENCE`, and `USAGE` for settings that are missing. */
export async function placeOf(ctx: PlaceContext, cache: CacheSource | OwnPlace): Promise<CachePlace> {
  if (cache.type === "s3" || cache.type === "gha") {
    // Loaded when it is needed: few builds have such caches.
    const { objectsOf } = await import("./objects/index.ts");
    const objects = objectsOf(cache, ctx);
    return { name: objects.name, place: { kind: "objects", objects } };
  }
  if (cache.type === "registry") {
    const reference = await (await ctx.registry()).reference(cache.ref);
    return { name: formatFamiliar(reference), place: { kind: "registry", reference } };
  }
  const [folder, selector] = "src" in cache ? [cache.src, cache.selector] : [cache.dest, cache.tag];
  return { name: folder, place: { kind: "folder", path: resolve(ctx.cwd, folder), selector: selector ?? "latest" } };
}

/** Reads a cache; undefined where there is none yet. Throws what registries throw, `MANIFEST`, `BLOB_*`. */
export async function readCache(ctx: ImageContext, { name, place }: CachePlace): Promise<FoundCache | undefined> {
  const artifact = await openArtifact(ctx, place, { mediaType: CACHE_DOCUMENT, maxBytes: MAX_DOCUMENT_BYTES });
  if (artifact === undefined) return undefined;
  const { results, selections, mounts = [] } = parseCache(artifact.document, artifact.layers.length, name);
  const named = [...results, ...mounts.flatMap(({ packs }) => packs)];
  const diffIds = new Map(named.map(({ layer, diffId }) => [layer, diffId]));
  const sources = artifact.sources(artifact.layers.map((_, at) => diffIds.get(at) ?? NOT_NAMED));
  return {
    selections,
    mounts: mounts.map(({ packs, ...mount }) => ({
      ...mount,
      packs: packs.flatMap(({ layer, diffId }): PlacedPack[] => {
        const [source, descriptor] = [sources[layer], artifact.layers[layer]];
        return source?.diffId !== diffId || descriptor === undefined ? [] : [{ descriptor, diffId, source }];
      }),
    })),
    results: results.flatMap((result) => {
      const [source, descriptor] = [sources[result.layer], artifact.layers[result.layer]];
      const { diffId } = result;
      return source === undefined || descriptor === undefined || diffId === undefined || source.diffId !== diffId
        ? []
        : [{ ...result, diffId, source, descriptor }];
    }),
  };
}
