/** Manifests and configurations of an image into the store. Layers stay where they are. */
import { type Descriptor, formatReference, parseManifestOrIndex, type Platform, type Reference, selectManifest } from "../oci/index.ts";
import { fetchDocument } from "./pull-image.ts";
import type { ImageContext } from "./types.ts";

const MAX_DEPTH = 5;

/** Of all platforms, or of one. Throws what registries throw, `MANIFEST`, `PLATFORM`. */
export async function bringDocuments(
  ctx: ImageContext,
  reference: Reference,
  at: Descriptor,
  platform?: Platform,
  depth: number = MAX_DEPTH,
): Promise<void> {
  const parsed = parseManifestOrIndex(await fetchDocument(ctx, reference, at), at.mediaType);
  if (parsed.kind === "manifest") {
    await fetchDocument(ctx, reference, parsed.manifest.config);
    return;
  }
  const entries = platform === undefined ? parsed.index.manifests : [selectManifest(parsed.index, platform, formatReference(reference))];
  if (depth > 0) for (const entry of entries) await bringDocuments(ctx, reference, entry, platform, depth - 1);
}
