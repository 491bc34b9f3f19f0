/** An image or an index as it is written somewhere, whatever platforms and attestations it has: documents at hand, and layers as blobs. */
import type { Digest } from "../digest.ts";
import { given } from "../given.ts";
import {
  type Descriptor,
  isForeignLayer,
  isImageConfig,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseManifestOrIndex,
  type Platform,
} from "../oci/index.ts";
import type { Manifest } from "../oci/index.ts";
import { DecantError } from "../errors.ts";
import type { AssembledImage, AssembledResult } from "./assembled-image.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { isStored, originOf } from "./image-layer.ts";
import type { ExportLayer } from "./layers.ts";
import type { Document } from "./manifest.ts";
import type { ImageContext } from "./types.ts";

/** A blob that is no document: a layer, or the part of an artifact. */
type ContentLayer = Pick<ExportLayer, "descriptor" | "remote" | "ensure">;

/** See the top of this file. */
export interface ImageContent {
  /** What names stand for. */
  readonly descriptor: Descriptor;
  /** Manifests and indexes, each once; those that name others come after them, and the last is that of `descriptor`. */
  readonly manifests: readonly Document[];
  /** The other documents: configurations, and statements of attestations that were made here. */
  readonly documents: readonly Document[];
  readonly layers: readonly ContentLayer[];
  /** The images in it: for manifest.json of docker archives. */
  readonly images: readonly ContentImage[];
}

/** One image of a content. */
export interface ContentImage {
  readonly platform?: Platform;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Indexes in indexes: as `openDocuments` takes them. */
const MAX_DEPTH = 5;

/** What a build or a push has assembled. */
export function contentOf({ images, index, descriptor }: AssembledResult): ImageContent {
  const manifests = images.flatMap(({ manifest, about }) => [manifest, ...(about === undefined ? [] : [about.manifest])]);
  const documents = images.flatMap(({ config, about }) => [config, ...(about === undefined ? [] : [about.config, ...about.statements])]);
  const imageOf = (image: AssembledImage): ContentImage => ({
    ...given({ platform: image.descriptor.platform }),
    manifest: image.manifest.descriptor,
    config: image.config.descriptor,
    layers: image.layers.map((layer) => layer.descriptor),
  });
  return {
    descriptor,
    manifests: once([...manifests, ...(index === undefined ? [] : [index])]),
    documents: once(documents),
    layers: onceLayers(images.flatMap(({ layers }) => layers)),
    images: images.map(imageOf),
  };
}

/**
 * An image of the store, byte by byte as it is there. What its index names and the store lacks is left out, as it is when an index was pulled for one
 * platform. `ensure` of its layers fetches what only their registry has: the one that they came from, or `from`. Throws `BLOB_MISSING`, `MANIFEST`.
 */
export async function storedContent(ctx: ImageContext, top: Descriptor, from?: Place): Promise<ImageContent> {
  const found: Found = { manifests: [], documents: [], layers: [], images: [] };
  await collect({ ctx, from, found }, top, MAX_DEPTH);
  const manifests = once(found.manifests);
  const last = manifests.at(-1)?.descriptor;
  const { size } = last ?? top;
  return {
    descriptor: { ...top, size, mediaType: last?.mediaType ?? top.mediaType },
    manifests,
    documents: once(found.documents),
    layers: onceLayers(found.layers),
    images: found.images,
  };
}

interface Found {
  readonly manifests: Document[];
  readonly documents: Document[];
  readonly layers: ContentLayer[];
  readonly images: ContentImage[];
}

/** A repository. */
interface Place {
  readonly registry: string;
  readonly repository: string;
}

interface Collecting {
  readonly ctx: ImageContext;
  readonly from: Place | undefined;
  readonly found: Found;
}

async function collect(collecting: Collecting, at: Descriptor, depth: number): Promise<void> {
  const { ctx, found } = collecting;
  ctx.signal.throwIfAborted();
  const bytes = await ctx.store.blobs.read(at.digest, MAX_MANIFEST_BYTES);
  const parsed = parseManifestOrIndex(bytes, at.mediaType);
  if (parsed.kind === "manifest") await collectManifest(collecting, at, parsed.manifest);
  else if (depth === 0)
    throw new DecantError("MANIFEST", `Cannot use index "${at.digest}": it has indexes in indexes, more than ${MAX_DEPTH} deep`);
  else for (const entry of parsed.index.manifests) if (isStored(ctx.store, entry)) await collect(collecting, entry, depth - 1);
  const { digest } = at;
  found.manifests.push({ bytes, descriptor: { mediaType: parsed.mediaType, digest, size: bytes.byteLength } });
}

async function collectManifest({ ctx, from, found }: Collecting, at: Descriptor, { config, layers }: Manifest): Promise<void> {
  found.documents.push({ bytes: await ctx.store.blobs.read(config.digest, MAX_CONFIG_BYTES), descriptor: config });
  for (const layer of layers) if (!isForeignLayer(layer.mediaType)) found.layers.push(storedLayer(ctx, layer, from));
  const isImage = isImageConfig(config.mediaType) && at.platform?.os !== "unknown";
  if (isImage) found.images.push({ ...given({ platform: at.platform }), manifest: at, config, layers });
}

function storedLayer(ctx: ImageContext, descriptor: Descriptor, from: Place | undefined): ContentLayer {
  const origin = from ?? originOf(ctx.store, descriptor.digest);
  const remote = origin === undefined ? undefined : { descriptor, registry: origin.registry, repository: origin.repository };
  return {
    descriptor,
    ...given({ remote }),
    async ensure(signal) {
      if (isStored(ctx.store, descriptor)) return descriptor;
      if (remote !== undefined) return await fetchBlob(ctx, remote, signal);
      throw new DecantError("BLOB_MISSING", `Cannot use layer "${descriptor.digest}": it is not in the store`, {
        hint: "Pull or build the image again",
      });
    },
  };
}

/** All blobs of a content: what its names keep. */
export function contentDigests({ manifests, documents, layers }: ImageContent): Digest[] {
  return [...manifests, ...documents, ...layers].map(({ descriptor }) => descriptor.digest);
}

function once(documents: readonly Document[]): readonly Document[] {
  return [...new Map(documents.map((one) => [one.descriptor.digest, one])).values()];
}

function onceLayers(layers: readonly ContentLayer[]): readonly ContentLayer[] {
  return [...new Map(layers.map((one) => [one.descriptor.digest, one])).values()];
}
