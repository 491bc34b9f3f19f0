/**
 * Sends an image to registries: what a repository lacks, and nothing else (distribution-spec, "Pushing"). Blobs first, the manifest
 * last, so that nobody ever sees a tag whose layers are missing.
 */
import { AT_ONCE, pool } from "../async.ts";
import { bytesOf, type ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { atDigest, type Descriptor, isForeignLayer, type Reference } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import type { ImageContent } from "./content.ts";
import type { Document } from "./manifest.ts";
import { targetName } from "./names.ts";
import { startProgress } from "../transfer.ts";
import type { ImageContext } from "./types.ts";

interface Repository {
  readonly registry: string;
  readonly repository: string;
}

interface PushBlob {
  readonly descriptor: Descriptor;
  /** Repositories that have it, or had it. */
  readonly places: Repository[];
  readonly ensure: (signal: AbortSignal) => Promise<Descriptor>;
  readonly open: () => ByteStream;
}

/** Pushes to each name in turn; what went to one repository of a registry is mounted into the next. Throws what registries throw. */
export async function pushContent(ctx: ImageContext, content: ImageContent, names: readonly string[]): Promise<void> {
  const client = await ctx.registry();
  const blobs = blobsOf(ctx, content);
  for (const target of names.map(targetName)) await pushBlobs(ctx, client, { content, blobs }, target);
}

/** Pushes to one place; `target` without a tag is known by the digest alone. */
export async function pushAt(ctx: ImageContext, client: RegistryClient, content: ImageContent, target: Reference): Promise<void> {
  await pushBlobs(ctx, client, { content, blobs: blobsOf(ctx, content) }, target);
}

async function pushBlobs(
  ctx: ImageContext,
  client: RegistryClient,
  { content, blobs }: { readonly content: ImageContent; readonly blobs: readonly PushBlob[] },
  target: Reference,
): Promise<void> {
  await pool(AT_ONCE, blobs, (blob, signal) => pushBlob(ctx, client, target, blob, signal), ctx.signal);
  for (const { reference, document } of manifestsOf(content, target)) {
    await client.pushManifest(reference, document.descriptor.mediaType, document.bytes, { signal: ctx.signal });
  }
}

/** What names stand for has the tag, and comes after the manifests that it names. */
function manifestsOf({ manifests }: ImageContent, target: Reference): { readonly reference: Reference; readonly document: Document }[] {
  return manifests.map((document, at) => {
    const reference = at === manifests.length - 1 ? target : atDigest(target, document.descriptor.digest);
    return { reference, document };
  });
}

/** Each blob once; configuration files first, because they are small and find a missing permission early. */
function blobsOf(ctx: ImageContext, { documents, layers }: ImageContent): PushBlob[] {
  const blobs = new Map<Digest, PushBlob>();
  for (const { descriptor, bytes } of documents) {
    blobs.set(descriptor.digest, { descriptor, places: [], ensure: () => Promise.resolve(descriptor), open: () => bytesOf(bytes) });
  }
  for (const { descriptor, remote, ensure } of layers) {
    // Such layers stay where their licence wants them; the manifest carries their addresses.
    if (isForeignLayer(descriptor.mediaType)) continue;
    const open = (): ByteStream => ctx.store.blobs.open(descriptor.digest);
    blobs.set(descriptor.digest, { descriptor, places: remote === undefined ? [] : [remote], ensure, open });
  }
  return [...blobs.values()];
}

async function pushBlob(ctx: ImageContext, client: RegistryClient, target: Reference, blob: PushBlob, signal: AbortSignal): Promise<void> {
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
async function isThere(client: RegistryClient, target: Reference, { descriptor, places }: PushBlob, signal: AbortSignal): Promise<boolean> {
  if (places.length === 0) return false;
  if (await client.hasBlob(target, descriptor.digest, { signal })) return true;
  for (const { registry, repository } of places) {
    if (registry !== target.registry || repository === target.repository) continue;
    if (await client.mountBlob(target, repository, descriptor.digest, { signal })) return true;
  }
  return false;
}
