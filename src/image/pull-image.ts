/**
 * Pulls an image: its documents now, its layers when something needs their files (decision 2). What was read once stays in the store,
 * so that a second build asks the registry one HEAD request, or none for a name with a digest.
 */
import { AT_ONCE, pool } from "../async.ts";
import { collect } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import {
  type Descriptor,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Platform,
  type Reference,
  atDigest,
  formatFamiliar,
  formatPlatform,
  formatReference,
  isForeignLayer,
  isImageConfig,
} from "../oci/index.ts";
import type { KeptBytes, Ref } from "../store/index.ts";
import { loadLayers } from "../tree/index.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { bringAttestations } from "./pull-attestations.ts";
import { isImageId } from "./find-image.ts";
import { imageLayers, isStored, sizedDescriptor, withTrueSize } from "./image-layer.ts";
import { isOutOfReach, knownTag, noteTag } from "./known-tag.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";
import { nameImage } from "./name-image.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext } from "./types.ts";

/** What `pullImage` does besides reading the documents. */
interface PullOptions {
  /** Also brings every layer into the store. */
  readonly load?: boolean | undefined;
  /** Names the image in the local store, as `decant pull` does; implies `load`. */
  readonly name?: boolean | undefined;
  /**
   * What a tag stood for the last time, if the store has its documents: "prefer" takes it and asks nobody; "offline" takes it with a warning where its
   * registry is out of reach; "refuse" (default) does not take it.
   */
  readonly old?: "refuse" | "offline" | "prefer" | undefined;
}

/** A pulled image, and what its name stood for. */
interface PulledImage extends OpenedImage {
  /** The reference with the digest that the registry gave (of the index, where it is one). */
  readonly reference: Reference;
  /** What its name in the store stands for: the image, or an index of it and its attestations. */
  readonly named: Descriptor;
}

const DOCUMENTS_SPACE = "image.pull";

/** Resolves `name` for `platform`. Throws `REFERENCE`, `PLATFORM`, `MANIFEST`, and what registries throw. */
export async function pullImage(
  ctx: ImageContext,
  name: string | Reference,
  platform: Platform,
  options: PullOptions = {},
): Promise<PulledImage> {
  // As in BuildKit, FROM wants a name: elsewhere the same ID would be another image, or none.
  if (typeof name === "string" && isImageId(name))
    throw new DecantError("REFERENCE", `Cannot pull "${name}": it is the ID of an image; wanted a name`, {
      hint: "Build that image with --tag NAME, and use the name",
    });
  const reference = typeof name === "string" ? await (await ctx.registry()).reference(name) : name;
  const { old = "refuse" } = options;
  const last = old === "prefer" ? knownTag(ctx.store, reference) : undefined;
  if (last !== undefined) return await pullAt(ctx, reference, last, platform, options);
  let top: Descriptor;
  try {
    top = await topDescriptor(ctx, reference);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const known = old === "offline" ? knownTag(ctx.store, reference) : undefined;
    if (known === undefined || !isOutOfReach(error)) throw error;
    return await pullOld(ctx, reference, known, platform, error);
  }
  if (reference.digest === undefined) noteTag(ctx.store, reference, top);
  return await pullAt(ctx, reference, top, platform, options);
}

/** The image that a tag stood for the last time. Throws `failure` when the store has not all of its documents. */
async function pullOld(
  ctx: ImageContext,
  reference: Reference,
  known: Descriptor,
  platform: Platform,
  failure: DecantError,
): Promise<PulledImage> {
  let pulled: PulledImage;
  try {
    pulled = await pullAt(ctx, reference, known, platform, {});
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw isOutOfReach(error) ? failure : error;
  }
  ctx.emit({
    type: "warning",
    code: "RegistryOutOfReach",
    message: `"${formatFamiliar(reference)}" may have changed, and is taken as it was before (${known.digest}): ${failure.message}`,
  });
  return pulled;
}

async function pullAt(
  ctx: ImageContext,
  reference: Reference,
  top: Descriptor,
  platform: Platform,
  options: PullOptions,
): Promise<PulledImage> {
  const { store, signal } = ctx;
  const shown = formatReference(reference);
  const seen: Descriptor[] = [];
  const documents = await openDocuments(shown, top, platform, (descriptor) => {
    seen.push(descriptor);
    return fetchDocument(ctx, reference, descriptor);
  });
  keepDocuments(ctx, seen, platform);
  const layers = imageLayers(store, documents, {
    name: shown,
    open: (descriptor, stop, { vertex = ctx.vertex, kept }) =>
      downloaded({ ...ctx, vertex }, reference, descriptor, { kept, signal: stop }),
    sizeOf: async ({ digest }, stop) => (await ctx.registry()).blobSize(reference, digest, { signal: stop }),
    remote: (descriptor) => ({ descriptor, registry: reference.registry, repository: reference.repository }),
  });
  let named = documents.descriptor;
  if (options.load === true || options.name === true) await loadLayers(layers, signal);
  if (options.name === true) {
    const { descriptor, manifest } = documents;
    await holdLayers(ctx, reference, manifest.layers);
    const said = await bringAttestations(ctx, reference, documents, { top, read: (one) => fetchDocument(ctx, reference, one) });
    named = said?.descriptor ?? descriptor;
    const blobs = [descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest);
    nameImage(store, { descriptor: named, blobs: [...blobs, ...(said?.blobs ?? [])] }, [shown]);
  }
  return { ...documents, layers, named, reference: { ...reference, digest: top.digest } };
}

/** The blobs of a named image are in the store, also those of layers that came packed otherwise before: a save or a push needs them. */
async function holdLayers(ctx: ImageContext, { registry, repository }: Reference, layers: readonly Descriptor[]): Promise<void> {
  const missing = layers.filter((layer) => !isForeignLayer(layer.mediaType) && !isStored(ctx.store, sizedDescriptor(ctx.store, layer)));
  await pool(AT_ONCE, missing, (descriptor, signal) => fetchBlob(ctx, { descriptor, registry, repository }, signal), ctx.signal);
}

/** What a reference stands for at its registry. Throws what registries throw. */
export async function topDescriptor(ctx: ImageContext, reference: Reference): Promise<Descriptor> {
  if (reference.digest !== undefined) {
    const size = ctx.store.blobs.size(reference.digest);
    if (size !== undefined) return { mediaType: "", digest: reference.digest, size };
  }
  const client = await ctx.registry();
  const { descriptor, bytes } = await client.resolve(reference, { signal: ctx.signal });
  if (bytes !== undefined) await ctx.store.blobs.put(bytes);
  return descriptor;
}

/** A document of an image, from the store, or from its registry into the store. Throws what registries throw, `BLOB_*`. */
export async function fetchDocument(ctx: ImageContext, reference: Reference, descriptor: Descriptor): Promise<Buffer> {
  const { store, signal } = ctx;
  const maxBytes = isImageConfig(descriptor.mediaType) ? MAX_CONFIG_BYTES : MAX_MANIFEST_BYTES;
  const known = sizedDescriptor(store, descriptor);
  if (isStored(store, known)) return store.blobs.read(descriptor.digest, maxBytes);
  const client = await ctx.registry();
  const at = atDigest(reference, descriptor.digest);
  const bytes = isImageConfig(descriptor.mediaType)
    ? await withTrueSize(
        descriptor,
        signal,
        ({ digest }, stop) => client.blobSize(at, digest, { signal: stop }),
        (sized) => collect(client.blob(at, sized, { signal }), maxBytes, "image config"),
      )
    : (await client.manifest(at, { signal })).bytes;
  await store.blobs.put(bytes);
  return bytes;
}

/** A record keeps the documents from the garbage collector for as long as builds use them. */
function keepDocuments({ store }: ImageContext, seen: readonly Descriptor[], platform: Platform): void {
  const [top] = seen;
  if (top === undefined) return;
  const id = `${top.digest} ${formatPlatform(platform)}`;
  if (store.records.get(DOCUMENTS_SPACE, id) !== undefined) return;
  const refs = seen.map(({ digest }): Ref => ({ kind: "blob", id: digest }));
  store.records.put(DOCUMENTS_SPACE, id, { documents: seen.map(({ digest }) => digest) }, refs);
}

async function* downloaded(
  ctx: ImageContext,
  reference: Reference,
  descriptor: Descriptor,
  options: { readonly kept: KeptBytes | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const client = await ctx.registry();
  const progress = startProgress(ctx.emit, {
    vertex: ctx.vertex,
    id: descriptor.digest,
    action: "pull",
    totalBytes: descriptor.size,
  });
  yield* client.blob(reference, descriptor, { ...options, onProgress: progress.at });
  progress.end();
}
