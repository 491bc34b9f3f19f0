/**
 * Sends an image to registries: what a repository lacks, and nothing else (distribution-spec, "Pushing"). Blobs first, the manifest
 * last, so that nobody ever sees a tag whose layers are missing.
 */
import { AT_ONCE, pool } from "../async.ts";
import { bytesOf, type ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { atDigest, type Descriptor, isAttestation, isForeignLayer, parseManifestOrIndex, type Reference } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import { type BlobPlace, notePlaces, placesOf, withoutRepeats } from "./blob-places.ts";
import type { ImageContent } from "./content.ts";
import type { ExportLayer } from "./layers.ts";
import type { Document } from "./manifest.ts";
import { targetName, untaggedName } from "./names.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext, RegistryOptions } from "./types.ts";

interface PushBlob {
  readonly descriptor: Descriptor;
  /** Repositories that have it, or had it. */
  readonly places: BlobPlace[];
  readonly ensure: (signal: AbortSignal) => Promise<Descriptor>;
  readonly open: (startAt: number) => ByteStream;
}

/** Pushes to each name in turn; what went to one repository of a registry is mounted into the next. Throws what registries throw. */
export async function pushContent(
  ctx: ImageContext,
  content: ImageContent,
  names: readonly string[],
  { pushByDigest = false, insecure }: RegistryOptions = {},
): Promise<void> {
  const client = await ctx.registry({ insecure });
  const blobs = blobsOf(ctx, content);
  for (const target of names.map(pushByDigest ? untaggedName : targetName)) await pushBlobs(ctx, client, { content, blobs }, target);
}

/** Pushes to one place; `target` without a tag is known by the digest alone. */
export async function pushAt(ctx: ImageContext, client: RegistryClient, content: ImageContent, target: Reference): Promise<void> {
  await pushBlobs(ctx, client, { content, blobs: blobsOf(ctx, content) }, target);
}

/** Sends layers to the repository of `reference`, without a manifest that names them. Throws what registries throw. */
export async function pushLayers(ctx: ImageContext, reference: BlobPlace, layers: readonly ExportLayer[]): Promise<void> {
  const client = await ctx.registry();
  const blobs = layerBlobs(ctx, layers);
  await pool(AT_ONCE, blobs, (blob, signal) => pushBlob(ctx, client, reference, blob, signal), ctx.signal);
  notePlaces(ctx.store, reference, digestsOf(blobs));
}

async function pushBlobs(
  ctx: ImageContext,
  client: RegistryClient,
  { content, blobs }: { readonly content: ImageContent; readonly blobs: readonly PushBlob[] },
  target: Reference,
): Promise<void> {
  await pool(AT_ONCE, blobs, (blob, signal) => pushBlob(ctx, client, target, blob, signal), ctx.signal);
  // Configurations and statements are small, and seldom the same in two repositories.
  notePlaces(ctx.store, target, digestsOf(content.layers.filter(({ descriptor }) => !isForeignLayer(descriptor.mediaType))));
  for (const { reference, document } of manifestsOf(content, target)) {
    try {
      await client.pushManifest(reference, document.descriptor.mediaType, document.bytes, { signal: ctx.signal });
    } catch (error) {
      if (!isDecantError(error)) throw error;
      if (await standsAlready(ctx, client, reference, document, error)) continue;
      throw content.manifests.some(hasAttestations) ? attestationRefusal(error) : error;
    }
  }
}

/** A tag that must not move, and need not: pushing again what is there is no failure, whatever the registry says. */
async function standsAlready(
  { signal }: ImageContext,
  client: RegistryClient,
  reference: Reference,
  { descriptor }: Document,
  { details }: DecantError,
): Promise<boolean> {
  if (details["immutable"] !== true || reference.tag === undefined) return false;
  try {
    return (await client.resolve(reference, { signal })).descriptor.digest === descriptor.digest;
  } catch (error) {
    signal.throwIfAborted();
    // The refusal says more than that nobody may read there.
    if (isDecantError(error)) return false;
    throw error;
  }
}

function hasAttestations({ bytes, descriptor }: Document): boolean {
  const parsed = parseManifestOrIndex(bytes, descriptor.mediaType);
  return parsed.kind === "index" && parsed.index.manifests.some(isAttestation);
}

/** What registries say of kinds of manifests that they do not take (distribution-spec, "Error Codes"). */
const REFUSALS = [400, 404, 405, 415, 422];
const REFUSED_KINDS = ["MANIFEST_INVALID", "MANIFEST_UNVERIFIED", "UNSUPPORTED"];
/** In `details` of an error. */
const REFUSED = { refused: "attestations" };

/** Does the error say that a registry takes the image, but not what is said of it? */
export function isAttestationRefusal({ details }: DecantError): boolean {
  return details["refused"] === REFUSED.refused;
}

/** Older registries refuse manifests of artifacts, or indexes with platforms that they do not know: the image alone is what they take. */
function attestationRefusal(error: DecantError): DecantError {
  const { code, message, source, details } = error;
  const { status, errors } = details;
  const codes = Array.isArray(errors) ? errors.flatMap((one: { readonly code?: unknown }) => (one.code === "" ? [] : [one.code])) : [];
  const isKind = codes.some((said) => REFUSED_KINDS.some((known) => known === said));
  // A repository that is not there, or a proxy that does not know the address.
  const isSilent = codes.length === 0 && status !== 404;
  if (!REFUSALS.some((known) => known === status) || !(isKind || isSilent)) return error;
  const hint =
    "The image has attestations, which not every registry takes. Push it alone: --output type=registry,name=NAME,attestations=false, or decant copy --platform OS/ARCH";
  return new DecantError(code, message, { hint, source, details: { ...details, ...REFUSED }, cause: error });
}

function digestsOf(blobs: readonly { readonly descriptor: Descriptor }[]): Digest[] {
  return blobs.map(({ descriptor }) => descriptor.digest);
}

/** What names stand for has the tag, if there is one, and comes after the manifests that it names. */
function manifestsOf({ manifests }: ImageContent, target: Reference): { readonly reference: Reference; readonly document: Document }[] {
  return manifests.map((document, at) => {
    const isNamed = at === manifests.length - 1 && target.tag !== undefined;
    return { reference: isNamed ? target : atDigest(target, document.descriptor.digest), document };
  });
}

/** Each blob once; configuration files first, because they are small and find a missing permission early. */
function blobsOf(ctx: ImageContext, { documents, layers }: ImageContent): PushBlob[] {
  const blobs = new Map<Digest, PushBlob>();
  for (const { descriptor, bytes } of documents) {
    blobs.set(descriptor.digest, {
      descriptor,
      places: [],
      ensure: () => Promise.resolve(descriptor),
      open: (startAt) => bytesOf(bytes.subarray(startAt)),
    });
  }
  for (const blob of layerBlobs(ctx, layers)) blobs.set(blob.descriptor.digest, blob);
  return [...blobs.values()];
}

function layerBlobs(ctx: ImageContext, layers: ImageContent["layers"]): PushBlob[] {
  // Foreign layers stay where their licence wants them; the manifest carries their addresses.
  return layers
    .filter(({ descriptor }) => !isForeignLayer(descriptor.mediaType))
    .map(({ descriptor, remote, ensure }) => ({
      descriptor,
      places: withoutRepeats([...(remote === undefined ? [] : [remote]), ...placesOf(ctx.store, descriptor.digest)]),
      ensure,
      open: (start) => ctx.store.blobs.open(descriptor.digest, { start }),
    }));
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
