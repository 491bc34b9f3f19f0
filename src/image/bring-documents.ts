/** Manifests and configurations of an image into the store. Layers stay where they are. */
import {
  type Descriptor,
  formatReference,
  isImageConfig,
  parseManifestOrIndex,
  type Platform,
  type Reference,
  selectManifest,
} from "../oci/index.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { isStored } from "./image-layer.ts";
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
    const { config } = parsed.manifest;
    // That of an artifact is a blob as any other.
    if (isImageConfig(config.mediaType)) await fetchDocument(ctx, reference, config);
    else if (!isStored(ctx.store, config)) await fetchBlob(ctx, { ...reference, descriptor: config }, ctx.signal);
    return;
  }
  const entries = platform === undefined ? parsed.index.manifests : [selectManifest(parsed.index, platform, formatReference(reference))];
  if (depth > 0) for (const entry of entries) await bringDocuments(ctx, reference, entry, platform, depth - 1);
}
