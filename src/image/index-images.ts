/** Indexes of images that exist: `decant index create` and `annotate`. Nothing of the images changes; only the index is new. */
import { DecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import {
  type Annotations,
  type Descriptor,
  formatPlatform,
  formatReference,
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
import { bringImage, type BroughtImage, type ImageSource } from "./bring-image.ts";
import { type ImageContent, storedContent } from "./content.ts";
import { type CopyDestination, namesAt, writeContent } from "./copy-image.ts";
import { type FoundReferrer, referrersOf } from "./copy-referrers.ts";
import type { NamedContent } from "./exporters/layout.ts";
import { isStored } from "./image-layer.ts";
import { documentOf } from "./manifest.ts";
import { targetName } from "./names.ts";
import type { ExportContext, ImageContext } from "./types.ts";

/** An index that was made. */
export interface MadeIndex {
  readonly descriptor: Descriptor;
  /** Canonical. */
  readonly name: string;
  readonly platforms: readonly string[];
}

/** Where an index goes: layers of a registry come along into the store only. */
type IndexPlace = Extract<CopyDestination, { readonly kind: "store" | "registry" }>;

/**
 * Makes an index of what `images` stand for; those that are indexes give all that they have. For a registry, layers that it has are neither fetched nor
 * sent. Throws `IMAGE_NOT_FOUND`, `USAGE`, and what registries throw.
 */
export async function createIndex(
  ctx: ExportContext,
  place: IndexPlace,
  images: readonly ImageSource[],
  { annotations, host }: { readonly annotations: Annotations; readonly host: Platform },
): Promise<MadeIndex> {
  const members: Member[] = [];
  for (const image of images)
    for (const member of await membersOf(ctx, await bringImage(ctx, image)))
      if (!members.some(({ entry }) => entry.digest === member.entry.digest)) members.push(member);
  const seen = new Set<string>();
  for (const { platform } of members.map(({ entry }) => entry)) {
    if (platform === undefined || platform.os === "unknown") continue;
    const key = formatPlatform(platform);
    if (seen.has(key))
      throw usageError(`Cannot make index "${place.name}": two of its images are for ${key}`, "Name one image for each platform");
    seen.add(key);
  }
  const index: Index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: members.map(({ entry }) => entry),
    ...given({ annotations: sortedAnnotations(annotations) }),
  };
  return await writeIndex(ctx, { index, members, names: [formatReference(targetName(place.name))] }, place, host);
}

/** What is annotated, and how. */
interface Annotating {
  readonly annotations: Annotations;
  /** Of the image for this platform. Default: of the index. */
  readonly platform?: Platform | undefined;
  readonly host: Platform;
}

/**
 * Sets annotations of an index, or of its image for `platform`. The name moves to the new index: in the store, at its registry, or in the layout's
 * folder. Throws `IMAGE_NOT_FOUND`, `USAGE`, `PLATFORM`, and what registries throw.
 */
export async function annotateIndex(
  ctx: ExportContext,
  source: ImageSource,
  { annotations, platform, host }: Annotating,
): Promise<MadeIndex> {
  const shown = source.kind === "archive" ? source.path : source.name;
  const brought = await bringImage(ctx, source);
  const { top } = brought;
  const parsed = parseManifestOrIndex(await ctx.store.blobs.read(top.digest, MAX_MANIFEST_BYTES), top.mediaType);
  if (parsed.kind !== "index")
    throw usageError(`Cannot annotate "${shown}": it is one image, not an index`, `Make one: decant index create NAME ${shown}`);
  const members = await membersOf(ctx, brought);
  const place = placeOf(source, brought, shown);
  const written = { members, ...namesAt(place, brought.name) };
  const { index } = parsed;
  if (platform === undefined) {
    const all = { ...index, ...given({ annotations: sortedAnnotations(index.annotations, annotations) }) };
    return await writeIndex(ctx, { ...written, index: all }, place, host);
  }
  const at = index.manifests.findIndex((entry) => entry.platform !== undefined && platformRank(platform, entry.platform) === 0);
  if (at < 0) throw new DecantError("PLATFORM", `Cannot annotate "${shown}": it has no image for ${formatPlatform(platform)}`);
  const manifests = index.manifests.map((entry, here) =>
    here === at ? { ...entry, ...given({ annotations: sortedAnnotations(entry.annotations, annotations) }) } : entry,
  );
  return await writeIndex(ctx, { ...written, index: { ...index, manifests } }, place, host);
}

/** Where the annotated index goes: where it came from. */
function placeOf(source: ImageSource, { name }: BroughtImage, shown: string): CopyDestination {
  if (source.kind === "registry" && /@/.test(source.name))
    throw usageError(`Cannot annotate "${shown}": it has a digest, which an annotation changes; wanted a name with a tag`);
  if (source.kind === "registry") return source;
  if (source.kind === "store") {
    if (name === undefined) throw usageError(`Cannot annotate "${shown}": it is the ID of an image; wanted a name`);
    return { kind: "store", name };
  }
  if (source.tar === undefined) return { kind: "oci-folder", path: source.path, selector: source.selector };
  throw usageError(
    `Cannot annotate "${shown}": an archive is written once, and may have other images`,
    `Bring it into the store, and save it again: decant copy oci:${shown} store:NAME`,
  );
}

/** An image of an index, with the registry that has its layers. */
interface Member {
  readonly entry: Descriptor;
  readonly from: BroughtImage["from"];
}

/** What an image adds to an index: itself with its platform, or all that its own index has and the store knows. */
async function membersOf({ store }: ImageContext, { top, from }: BroughtImage): Promise<readonly Member[]> {
  const bytes = await store.blobs.read(top.digest, MAX_MANIFEST_BYTES);
  const parsed = parseManifestOrIndex(bytes, top.mediaType);
  if (parsed.kind === "index") return parsed.index.manifests.filter((entry) => isStored(store, entry)).map((entry) => ({ entry, from }));
  const { os, architecture, variant } = parseImageConfig(await store.blobs.read(parsed.manifest.config.digest, MAX_CONFIG_BYTES));
  const platform = { os, architecture, ...given({ variant }) };
  return [{ entry: { mediaType: parsed.mediaType, digest: top.digest, size: bytes.byteLength, platform }, from }];
}

interface Written extends Pick<NamedContent, "names" | "tag"> {
  readonly index: Index;
  readonly members: readonly Member[];
}

async function writeIndex(
  ctx: ExportContext,
  { index, members, names, tag }: Written,
  place: CopyDestination,
  host: Platform,
): Promise<MadeIndex> {
  const document = documentOf(JSON.stringify(index, undefined, 2), index.mediaType ?? OCI_INDEX);
  await ctx.store.blobs.put(document.bytes);
  const parts: ImageContent[] = [];
  const referrers: FoundReferrer[] = [];
  for (const { entry, from } of members) {
    const part = await storedContent(ctx, entry, from);
    parts.push(part);
    const known = new Set(members.map((member) => member.entry.digest));
    const found = await referrersOf(ctx, part, from);
    referrers.push(...found.filter(({ content }) => !known.has(content.descriptor.digest)));
  }
  const content: ImageContent = {
    descriptor: document.descriptor,
    manifests: [...parts.flatMap(({ manifests }) => manifests), document],
    documents: parts.flatMap(({ documents }) => documents),
    layers: parts.flatMap(({ layers }) => layers),
    images: parts.flatMap(({ images }) => images),
  };
  await writeContent({ ctx, content, referrers, names, tag }, place, host);
  const platforms = index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [formatPlatform(platform)],
  );
  return { descriptor: document.descriptor, name: names[0] ?? tag ?? "", platforms };
}
