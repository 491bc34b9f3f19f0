/**
 * `decant copy`: an image from one place to another, byte by byte: all platforms, attestations, digests. Signatures and other referrers follow, and
 * between registries also those that are tags. What is on its way is in the store; a registry that has a blob already is not sent it.
 */
import { AT_ONCE, pool } from "../async.ts";
import { type Descriptor, formatReference, type Platform, selectManifest, parseManifestOrIndex, MAX_MANIFEST_BYTES } from "../oci/index.ts";
import { bringImage, broughtReferrers, type ImageSource } from "./bring-image.ts";
import { contentDigests, storedContent } from "./content.ts";
import { copyCosignTags, type FoundReferrer, pushReferrers, warnOfCosignTags, warnOfReferrers } from "./copy-referrers.ts";
import { writeImageArchive } from "./exporters/layout-archive.ts";
import { blobEntries, indexEntries, type NamedContent } from "./exporters/layout.ts";
import { writeLayoutDirectory } from "./exporters/layout-directory.ts";
import { nameImage } from "./name-image.ts";
import { targetName } from "./names.ts";
import { pushContent } from "./push-content.ts";
import { keepReferrer } from "./store-referrers.ts";
import type { ExportContext } from "./types.ts";

/** Where it goes. Names are references with a tag or without. */
export type CopyDestination =
  | { readonly kind: "store"; readonly name: string }
  | { readonly kind: "registry"; readonly name: string }
  /** `selector`: its name or tag there. Default: the name of the source. */
  | { readonly kind: "oci-folder" | "oci-archive" | "docker-archive"; readonly path: string; readonly selector?: string | undefined };

/** What was copied. */
export interface CopiedImage {
  readonly descriptor: Descriptor;
  /** Canonical. */
  readonly names: readonly string[];
  /** How many signatures and other referrers followed. */
  readonly referrers: number;
}

const MAX_DEPTH = 5;

/** Copies an image; with `platform` only that one. Throws what registries throw, `IMAGE_NOT_FOUND`, `MANIFEST`, `BLOB_*`, `EXPORT`. */
export async function copyImage(
  ctx: ExportContext,
  source: ImageSource,
  destination: CopyDestination,
  { platform, host }: { readonly platform?: Platform | undefined; readonly host: Platform },
): Promise<CopiedImage> {
  const brought = await bringImage(ctx, source, platform);
  const { top, name, from } = brought;
  const descriptor = platform === undefined ? top : await onlyPlatform(ctx, top, platform);
  const content = await storedContent(ctx, descriptor, from);
  const names = namesAt(destination, name);
  const found = await broughtReferrers(ctx, brought, content);
  const isDocker = destination.kind === "docker-archive";
  const referrers = isDocker ? [] : found;
  if (isDocker) warnOfReferrers(ctx, found.length, destination.path);
  await writeContent({ ctx, content, referrers, ...names }, destination, platform ?? host);
  let tags = 0;
  if (from !== undefined && destination.kind === "registry") tags = await copyCosignTags(ctx, content, from, targetName(destination.name));
  else if (from !== undefined) await warnOfCosignTags(ctx, content, from);
  const { mediaType, digest, size } = content.descriptor;
  for (const one of names.names) ctx.emit({ type: "result", kind: "image", name: one, digest });
  return { descriptor: { mediaType, digest, size }, names: names.names, referrers: referrers.length + tags };
}

/** The manifest for one platform. */
async function onlyPlatform(ctx: ExportContext, top: Descriptor, platform: Platform): Promise<Descriptor> {
  let at = top;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const parsed = parseManifestOrIndex(await ctx.store.blobs.read(at.digest, MAX_MANIFEST_BYTES), at.mediaType);
    if (parsed.kind === "manifest") break;
    at = selectManifest(parsed.index, platform);
  }
  return at;
}

/** What the image is called where it goes: by names, or by a tag where nothing says of which repository. */
export function namesAt(destination: CopyDestination, name: string | undefined): Pick<NamedContent, "names" | "tag"> {
  if (destination.kind === "store" || destination.kind === "registry") return { names: [formatReference(targetName(destination.name))] };
  const { selector } = destination;
  if (selector === undefined) return { names: name === undefined ? [] : [name] };
  if (/[/:]/.test(selector) || destination.kind === "docker-archive") return { names: [formatReference(targetName(selector))] };
  // A tag alone belongs to the repository of the source.
  return name === undefined ? { names: [], tag: selector } : { names: [formatReference({ ...targetName(name), tag: selector })] };
}

/** What is written. */
interface Writing extends NamedContent {
  readonly ctx: ExportContext;
  readonly referrers: readonly FoundReferrer[];
}

/** Writes an image, whose documents are in the store, to its place. Throws what registries throw, `EXPORT`. */
export async function writeContent(
  { ctx, content, referrers, names, tag }: Writing,
  destination: CopyDestination,
  platform: Platform,
): Promise<void> {
  if (destination.kind === "registry") {
    await pushContent(ctx, content, names);
    return await pushReferrers(ctx, referrers, targetName(destination.name));
  }
  const all = [content, ...referrers.map(({ content: one }) => one)];
  const layers = all.flatMap((one) => one.layers);
  await pool(AT_ONCE, layers, (layer, signal) => layer.ensure(signal), ctx.signal);
  if (destination.kind === "store") {
    nameImage(ctx.store, { descriptor: content.descriptor, blobs: contentDigests(content) }, names);
    for (const { subject, content: one } of referrers) keepReferrer(ctx.store, { top: content.descriptor, subject }, one);
  } else if (destination.kind === "oci-folder") {
    await writeLayoutDirectory(
      ctx,
      { type: "oci", dest: destination.path },
      {
        blobs: blobEntries(ctx.store, all),
        index: [...indexEntries(content.descriptor, names, tag), ...referrers.map(({ content: { descriptor } }) => descriptor)],
      },
    );
  } else {
    const items = [{ content, names, tag }, ...referrers.map(({ content: one }) => ({ content: one, names: [] }))];
    await writeImageArchive(ctx, destination.path, items, destination.kind === "docker-archive" ? { platform } : undefined);
  }
}
