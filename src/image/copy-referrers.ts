/**
 * What goes along with an image that is copied: manifests about it (OCI 1.1 referrers) and, between registries, the tags by which cosign 2 stores
 * signatures, attestations and SBOMs.
 */
import { AT_ONCE, pool } from "../async.ts";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { atDigest, type Descriptor, formatFamiliar, type Reference } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import { bringDocuments } from "./bring-documents.ts";
import { type ImageContent, storedContent } from "./content.ts";
import { pushAt } from "./push-content.ts";
import { storedReferrers } from "./store-referrers.ts";
import type { ImageContext } from "./types.ts";

/** A manifest about another one. */
export interface FoundReferrer {
  readonly subject: Digest;
  readonly content: ImageContent;
}

const COSIGN_TAGS = ["sig", "att", "sbom"] as const;
/** More are not followed: anybody who may push can add some. */
const MAX_REFERRERS = 1000;

/** The tag under which cosign 2 stores what is about the manifest `digest`: "sha256-….sig". */
export function cosignTag(digest: Digest, kind: (typeof COSIGN_TAGS)[number]): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}.${kind}`;
}

/** Those of the manifests of `content`, and theirs, as a signature may be signed; from a registry, or from the store. A registry without them has none. */
export async function referrersOf(
  ctx: ImageContext,
  content: ImageContent,
  from: Reference | undefined,
): Promise<readonly FoundReferrer[]> {
  const found = new Map<Digest, FoundReferrer>();
  const pending = content.manifests.map(({ descriptor }) => descriptor.digest);
  // Attestations of BuildKit have a subject, and are in the index all the same.
  const inside = new Set(pending);
  for (let subject = pending.pop(); subject !== undefined && found.size < MAX_REFERRERS; subject = pending.pop()) {
    for (const referrer of from === undefined ? storedReferrers(ctx.store, subject) : await listed(ctx, from, subject)) {
      if (found.has(referrer.digest) || inside.has(referrer.digest)) continue;
      if (from !== undefined) await bringDocuments(ctx, from, referrer);
      found.set(referrer.digest, { subject, content: await storedContent(ctx, referrer, from) });
      pending.push(referrer.digest);
    }
  }
  return [...found.values()];
}

/** Sends them to the repository of `target`. */
export async function pushReferrers(ctx: ImageContext, referrers: readonly FoundReferrer[], target: Reference): Promise<void> {
  const client = await ctx.registry();
  for (const { content } of referrers) await pushAt(ctx, client, content, atDigest(target, content.descriptor.digest));
}

/** Copies cosign's tags of the image and the images in it to another repository; gives their number. */
export async function copyCosignTags(ctx: ImageContext, content: ImageContent, from: Reference, target: Reference): Promise<number> {
  const client = await ctx.registry();
  const tags = await cosignTags(ctx, client, content, from);
  for (const { tag, descriptor } of tags) {
    await bringDocuments(ctx, from, descriptor);
    const { digest: _digest, ...place } = target;
    await pushAt(ctx, client, await storedContent(ctx, descriptor, from), { ...place, tag });
  }
  return tags.length;
}

/** Says that signatures and other referrers stay behind, where there are some: docker reads what an archive has besides as images. */
export function warnOfReferrers({ emit }: Pick<ImageContext, "emit">, count: number, path: string): void {
  if (count === 0) return;
  const what = count === 1 ? "1 signature or other referrer stays" : `${count} signatures and other referrers stay`;
  emit({
    type: "warning",
    code: "SignaturesLeft",
    message: `${what} behind: docker's archive "${path}" has no place for them; an OCI archive has`,
  });
}

/** Says that cosign's tags stay behind, where there are some: only registries have tags. */
export async function warnOfCosignTags(ctx: ImageContext, content: ImageContent, from: Reference): Promise<void> {
  const tags = await cosignTags(ctx, await ctx.registry(), content, from);
  if (tags.length === 0) return;
  const names = tags.map(({ tag }) => tag).join(", ");
  ctx.emit({
    type: "warning",
    code: "SignaturesLeft",
    message: `Signatures or attestations of "${formatFamiliar(from)}" stay behind, as they are tags of their own: ${names}`,
  });
}

async function cosignTags(
  { signal }: ImageContext,
  client: RegistryClient,
  { descriptor, images }: ImageContent,
  { registry, repository }: Reference,
): Promise<readonly { readonly tag: string; readonly descriptor: Descriptor }[]> {
  const digests = new Set([descriptor.digest, ...images.map(({ manifest }) => manifest.digest)]);
  const names = [...digests].flatMap((digest) => COSIGN_TAGS.map((kind) => cosignTag(digest, kind)));
  const found = await pool(
    AT_ONCE,
    names,
    async (tag, stop) => {
      try {
        return [{ tag, descriptor: (await client.resolve({ registry, repository, tag }, { signal: stop })).descriptor }];
      } catch (error) {
        if (isDecantError(error, "IMAGE_NOT_FOUND")) return [];
        throw error;
      }
    },
    signal,
  );
  return found.flat();
}

async function listed({ registry, signal }: ImageContext, from: Reference, digest: Digest): Promise<readonly Descriptor[]> {
  try {
    return await (await registry()).referrers(from, digest, { signal });
  } catch (error) {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return [];
    throw error;
  }
}
