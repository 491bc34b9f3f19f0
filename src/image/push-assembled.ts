/**
 * Sends an image to registries: what a repository lacks, and nothing else (distribution-spec, "Pushing"). Blobs first, the manifest
 * last, so that nobody ever sees a tag whose layers are missing.
 */
import { AT_ONCE, pool } from "../async.ts";
import { bytesOf, type ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { atDigest, type Descriptor, isForeignLayer, type Reference } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import type { AssembledResult } from "./assembled-image.ts";
import type { ExportLayer } from "./layers.ts";
import { type BlobPlace, notePlaces, placesOf, withoutRepeats } from "./blob-places.ts";
import type { Document } from "./manifest.ts";
import { targetName, untaggedName } from "./names.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext, RegistryOptions } from "./types.ts";

type Target = Reference;

interface PushBlob {
  readonly descriptor: Descriptor;
  /** Repositories that have it, or had it. */
  readonly places: BlobPlace[];
  readonly ensure: (signal: AbortSignal) => Promise<Descriptor>;
  readonly open: (startAt: number) => ByteStream;
}

/** Pushes to each name in turn; what went to one repository of a registry is mounted into the next. Throws what registries throw. */
export async function pushAssembled(
  ctx: ImageContext,
  result: AssembledResult,
  names: readonly string[],
  { pushByDigest = false, insecure }: RegistryOptions = {},
): Promise<void> {
  const client = await ctx.registry({ insecure });
  const blobs = blobsOf(ctx, result);
  for (const target of names.map(pushByDigest ? untaggedName : targetName)) {
    await pool(AT_ONCE, blobs, (blob, signal) => pushBlob(ctx, client, target, blob, signal), ctx.signal);
    notePlaces(ctx.store, target, layersOf(result));
    for (const { reference, document } of manifestsOf(result, target)) {
      await client.pushManifest(reference, document.descriptor.mediaType, document.bytes, { signal: ctx.signal });
    }
  }
}

/** Sends layers to the repository of `reference`, without a manifest that names them. Throws what registries throw. */
export async function pushLayers(ctx: ImageContext, reference: BlobPlace, layers: readonly ExportLayer[]): Promise<void> {
  const client = await ctx.registry();
  const blobs = [...layerBlobs(ctx, layers).values()];
  await pool(AT_ONCE, blobs, (blob, signal) => pushBlob(ctx, client, reference, blob, signal), ctx.signal);
  notePlaces(
    ctx.store,
    reference,
    blobs.map(({ descriptor }) => descriptor.digest),
  );
}

/** The only manifest under its tag; else the index has the tag, and comes after the manifests that it names. */
function manifestsOf({ images, index }: AssembledResult, target: Target): { readonly reference: Reference; readonly document: Document }[] {
  const at = (document: Document): { readonly reference: Reference; readonly document: Document } => ({
    reference: atDigest(target, document.descriptor.digest),
    document,
  });
  const last = (document: Document): ReturnType<typeof at> => (target.tag === undefined ? at(document) : { reference: target, document });
  const documents = images.flatMap(({ manifest, about }) => [manifest, ...(about === undefined ? [] : [about.manifest])]);
  return index === undefined ? documents.map(last) : [...documents.map(at), last(index)];
}

/** Each blob once; configuration files first, because they are small and find a missing permission early. */
function blobsOf(ctx: ImageContext, result: AssembledResult): PushBlob[] {
  const { images } = result;
  const blobs = new Map<Digest, PushBlob>();
  const documents = images.flatMap(({ config, about }) => [config, ...(about === undefined ? [] : [about.config, ...about.statements])]);
  for (const { descriptor, bytes } of documents) {
    blobs.set(descriptor.digest, {
      descriptor,
      places: [],
      ensure: () => Promise.resolve(descriptor),
      open: (startAt) => bytesOf(bytes.subarray(startAt)),
    });
  }
  const layers = layerBlobs(
    ctx,
    images.flatMap((image) => image.layers),
  );
  return [...new Map([...blobs, ...layers]).values()];
}

function layerBlobs(ctx: ImageContext, layers: readonly ExportLayer[]): Map<Digest, PushBlob> {
  const blobs = new Map<Digest, PushBlob>();
  for (const { descriptor, remote, ensure } of layers) {
    // Such layers stay where their licence wants them; the manifest carries their addresses.
    if (isForeignLayer(descriptor.mediaType)) continue;
    const open = (start: number): ByteStream => ctx.store.blobs.open(descriptor.digest, { start });
    const places = withoutRepeats([...(remote === undefined ? [] : [remote]), ...placesOf(ctx.store, descriptor.digest)]);
    blobs.set(descriptor.digest, { descriptor, places, ensure, open });
  }
  return blobs;
}

/** Configurations and statements are small, and seldom the same in two repositories. */
function layersOf({ images }: AssembledResult): Digest[] {
  const layers = images.flatMap((image) => image.layers).filter(({ descriptor }) => !isForeignLayer(descriptor.mediaType));
  return layers.map(({ descriptor }) => descriptor.digest);
}

async function pushBlob(ctx: ImageContext, client: RegistryClient, target: BlobPlace, blob: PushBlob, signal: AbortSignal): Promise<void> {
  const { descriptor, places } = blob;
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: descriptor.digest, action: "push", totalBytes: descriptor.size });
  if (!(await isThere(client, target, blob, signal))) {
    const held = await blob.ensure(signal);
    await client.pushBlob(target, held, blob.open, { signal, onProgress: progress.at });
  }
  progress.at(descriptor.size);
  progress.end();
  places.push(target);
}

/** Already in the repository, or mounted into it from a neighbour now. Blobs of nobody else are not asked for: `pushBlob` does that. */
async function isThere(client: RegistryClient, target: BlobPlace, { descriptor, places }: PushBlob, signal: AbortSignal): Promise<boolean> {
  if (places.length === 0) return false;
  if (await client.hasBlob(target, descriptor.digest, { signal })) return true;
  for (const { registry, repository } of places) {
    if (registry !== target.registry || repository === target.repository) continue;
    if (await client.mountBlob(target, repository, descriptor.digest, { signal })) return true;
  }
  return false;
}
