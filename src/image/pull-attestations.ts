/**
 * Attestations that an index has beside an image come along with a pull. The name in the store stands for the index itself where it has nothing else,
 * else for one with this image and what is said of it: so inspect, save, copy and push give them again.
 */
import type { Digest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { type Descriptor, formatFamiliar, parseManifestOrIndex, type Reference } from "../oci/index.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { documentOf } from "./manifest.ts";
import type { OpenedImage, ReadDocument } from "./open-image.ts";
import { MAX_STATEMENT_BYTES } from "./statement.ts";
import type { ImageContext } from "./types.ts";

/** Gives the index, and the blobs that it needs besides the image; undefined where nothing is said, or cannot be had, which is a warning. */
export async function bringAttestations(
  ctx: ImageContext,
  reference: Reference,
  { descriptor, index, attestations }: Pick<OpenedImage, "descriptor" | "index" | "attestations">,
  { top, read }: { readonly top: Descriptor; readonly read: ReadDocument },
): Promise<{ readonly descriptor: Descriptor; readonly blobs: readonly Digest[] } | undefined> {
  if (index === undefined || attestations.length === 0) return undefined;
  try {
    const blobs: Digest[] = [];
    for (const attestation of attestations) blobs.push(...(await bringOne(ctx, reference, attestation, read)));
    if (!index.isShared) return { descriptor: { ...top, mediaType: index.mediaType }, blobs };
    const { mediaType, digest, size, platform } = descriptor;
    const image = { mediaType, digest, size, ...given({ annotations: index.manifestAnnotations, platform }) };
    const manifests = [image, ...attestations];
    const document = { schemaVersion: 2, mediaType: index.mediaType, manifests, ...given({ annotations: index.annotations }) };
    // As a push writes it, so that its digest stays.
    const text = JSON.stringify(document, undefined, 2);
    const own = documentOf(text, index.mediaType);
    await ctx.store.blobs.put(own.bytes);
    return { descriptor: own.descriptor, blobs };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (!isDecantError(error) || error.code === "INTERNAL") throw error;
    ctx.emit({
      type: "warning",
      code: "SignaturesLeft",
      message: `Attestations of "${formatFamiliar(reference)}" stay behind: ${error.message}`,
    });
    return undefined;
  }
}

/** An attestation manifest with all that it names. */
async function bringOne(ctx: ImageContext, reference: Reference, attestation: Descriptor, read: ReadDocument): Promise<Digest[]> {
  const bytes = await read(attestation);
  const parsed = parseManifestOrIndex(bytes, attestation.mediaType);
  if (parsed.kind === "index") return [attestation.digest];
  const { config, layers } = parsed.manifest;
  for (const blob of [config, ...layers]) {
    if (blob.size > MAX_STATEMENT_BYTES)
      throw new DecantError(
        "LIMIT",
        `Cannot keep attestation "${blob.digest}": it has ${blob.size} bytes; at most ${MAX_STATEMENT_BYTES} are read`,
      );
    await fetchBlob(ctx, { descriptor: blob, registry: reference.registry, repository: reference.repository }, ctx.signal);
  }
  return [attestation, config, ...layers].map(({ digest }) => digest);
}
