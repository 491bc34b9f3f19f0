/** Indexes of images that exist: `decant index create` and `annotate`. Nothing of the images changes; only the index is new. */
import { DecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import {
  type Annotations,
  type Descriptor,
  formatPlatform,
  type Index,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  parseImageConfig,
  parseManifestOrIndex,
  type Platform,
  platformRank,
} from "../oci/index.ts";
import { sortedAnnotations } from "./annotations.ts";
import { contentDigests, storedContent } from "./content.ts";
import { findImage } from "./find-image.ts";
import { documentOf } from "./manifest.ts";
import { nameImage } from "./name-image.ts";
import { targetName, targetNames } from "./names.ts";
import { formatReference } from "../oci/index.ts";
import type { ImageContext } from "./types.ts";

/** An index that was made. */
export interface MadeIndex {
  readonly descriptor: Descriptor;
  /** Canonical. */
  readonly name: string;
  readonly platforms: readonly string[];
}

/** Makes an index of what `images` of the store stand for; those that are indexes give all that they have. Throws `IMAGE_NOT_FOUND`, `USAGE`. */
export async function createIndex(
  ctx: ImageContext,
  name: string,
  images: readonly string[],
  annotations: Annotations,
): Promise<MadeIndex> {
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const { top } = await findImage(ctx.store, image);
    for (const entry of await entriesOf(ctx, top)) if (!manifests.some(({ digest }) => digest === entry.digest)) manifests.push(entry);
  }
  const seen = new Map<string, Descriptor>();
  for (const entry of manifests) {
    if (entry.platform === undefined || entry.platform.os === "unknown") continue;
    const key = formatPlatform(entry.platform);
    if (seen.has(key))
      throw usageError(`Cannot make index "${name}": two of its images are for ${key}`, "Name one image for each platform");
    seen.set(key, entry);
  }
  return await keepIndex(ctx, name, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests,
    ...given({ annotations: sortedAnnotations(annotations) }),
  });
}

/** Sets annotations of an index of the store, or of its image for `platform`. The name moves to the new index. Throws `IMAGE_NOT_FOUND`, `USAGE`, `PLATFORM`. */
export async function annotateIndex(
  ctx: ImageContext,
  name: string,
  annotations: Annotations,
  platform: Platform | undefined,
): Promise<MadeIndex> {
  const canonical = formatReference(targetName(name));
  const { top } = await findImage(ctx.store, canonical);
  const parsed = parseManifestOrIndex(await ctx.store.blobs.read(top.digest, MAX_MANIFEST_BYTES), top.mediaType);
  if (parsed.kind !== "index")
    throw usageError(`Cannot annotate "${name}": it is one image, not an index`, `Make one: decant index create NAME ${name}`);
  const { index } = parsed;
  if (platform === undefined)
    return await keepIndex(ctx, name, { ...index, ...given({ annotations: sortedAnnotations(index.annotations, annotations) }) });
  const at = index.manifests.findIndex((entry) => entry.platform !== undefined && platformRank(platform, entry.platform) === 0);
  if (at < 0) throw new DecantError("PLATFORM", `Cannot annotate "${name}": it has no image for ${formatPlatform(platform)}`);
  const manifests = index.manifests.map((entry, here) =>
    here === at ? { ...entry, ...given({ annotations: sortedAnnotations(entry.annotations, annotations) }) } : entry,
  );
  return await keepIndex(ctx, name, { ...index, manifests });
}

/** What an image adds to an index: itself with its platform, or all that its own index has. */
async function entriesOf({ store }: ImageContext, top: Descriptor): Promise<readonly Descriptor[]> {
  const bytes = await store.blobs.read(top.digest, MAX_MANIFEST_BYTES);
  const parsed = parseManifestOrIndex(bytes, top.mediaType);
  if (parsed.kind === "index") return parsed.index.manifests;
  const { os, architecture, variant } = parseImageConfig(await store.blobs.read(parsed.manifest.config.digest, MAX_CONFIG_BYTES));
  return [
    {
      mediaType: parsed.mediaType,
      digest: top.digest,
      size: bytes.byteLength,
      platform: { os, architecture, ...given({ variant }) },
    },
  ];
}

async function keepIndex(ctx: ImageContext, name: string, index: Index): Promise<MadeIndex> {
  const [canonical = name] = targetNames([name]);
  const { bytes, descriptor } = documentOf(JSON.stringify(index, undefined, 2), index.mediaType ?? OCI_INDEX);
  await ctx.store.blobs.put(bytes);
  const content = await storedContent(ctx, descriptor);
  nameImage(ctx.store, { descriptor, blobs: contentDigests(content) }, [canonical]);
  const platforms = index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [formatPlatform(platform)],
  );
  return { descriptor, name: canonical, platforms };
}
