/**
 * `decant copy`: an image from one place to another, byte by byte: all platforms, attestations, digests. Signatures and other referrers follow, and
 * between registries also those that are tags. What is on its way is in the store; a registry that has a blob already is not sent it.
 */
import { AT_ONCE, pool } from "../async.ts";
import { DecantError } from "../errors.ts";
import {
  type Descriptor,
  formatReference,
  type Platform,
  type Reference,
  selectManifest,
  parseManifestOrIndex,
  MAX_MANIFEST_BYTES,
} from "../oci/index.ts";
import { folderFiles, tarFiles } from "./archive-files.ts";
import { bringDocuments } from "./bring-documents.ts";
import { contentDigests, type ImageContent, storedContent } from "./content.ts";
import { copyCosignTags, type FoundReferrer, pushReferrers, referrersOf, warnOfCosignTags, warnOfReferrers } from "./copy-referrers.ts";
import { type ArchivedTop, dockerTops, imageName, readDockerManifest } from "./docker-archive.ts";
import { writeImageArchive } from "./exporters/layout-archive.ts";
import { blobEntries, indexEntries } from "./exporters/layout.ts";
import { writeLayoutDirectory } from "./exporters/layout-directory.ts";
import { findImage } from "./find-image.ts";
import { archivedReferrers, layoutTops } from "./load-archive.ts";
import { nameImage } from "./name-image.ts";
import { targetName } from "./names.ts";
import { topDescriptor } from "./pull-image.ts";
import { pushContent } from "./push-content.ts";
import { keepReferrer } from "./store-referrers.ts";
import type { ByteStream } from "../bytes.ts";
import type { ExportContext } from "./types.ts";

/** Where an image comes from. */
export type CopySource =
  | { readonly kind: "store"; readonly name: string }
  | { readonly kind: "registry"; readonly name: string }
  /** A layout's folder, or `tar`, which opens an archive. `selector`: a tag, a digest or a name; absent for the only image. */
  | { readonly kind: "archive"; readonly path: string; readonly tar?: () => ByteStream; readonly selector?: string | undefined };

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
  source: CopySource,
  destination: CopyDestination,
  { platform, host }: { readonly platform?: Platform | undefined; readonly host: Platform },
): Promise<CopiedImage> {
  const { top, name, from, about } = await bringSource(ctx, source, platform);
  const descriptor = platform === undefined ? top : await onlyPlatform(ctx, top, platform);
  const content = await storedContent(ctx, descriptor, from);
  const names = namesAt(destination, name);
  const found = about === undefined ? await referrersOf(ctx, content, from) : about.filter(isAbout(content));
  const isDocker = destination.kind === "docker-archive";
  const referrers = isDocker ? [] : found;
  if (isDocker) warnOfReferrers(ctx, found.length, destination.path);
  await write({ ctx, content, referrers, names }, destination, platform ?? host);
  let tags = 0;
  if (from !== undefined && destination.kind === "registry") tags = await copyCosignTags(ctx, content, from, targetName(destination.name));
  else if (from !== undefined) await warnOfCosignTags(ctx, content, from);
  const { mediaType, digest, size } = content.descriptor;
  for (const one of names) ctx.emit({ type: "result", kind: "image", name: one, digest });
  return { descriptor: { mediaType, digest, size }, names, referrers: referrers.length + tags };
}

interface Brought {
  readonly top: Descriptor;
  /** Canonical, where it has one. */
  readonly name?: string | undefined;
  /** The registry that has its layers. */
  readonly from?: Reference | undefined;
  /** What an archive says of its images. */
  readonly about?: readonly FoundReferrer[];
}

/** Of the image, or of what is about it. */
function isAbout({ manifests }: ImageContent): (referrer: FoundReferrer) => boolean {
  const known = new Set(manifests.map(({ descriptor }) => descriptor.digest));
  return ({ subject, content }) => known.has(subject) && known.add(content.descriptor.digest).size > 0;
}

async function bringSource(ctx: ExportContext, source: CopySource, platform: Platform | undefined): Promise<Brought> {
  if (source.kind === "store") {
    const { top, name } = await findImage(ctx.store, source.name);
    return { top, name };
  }
  if (source.kind === "registry") {
    const reference = await (await ctx.registry()).reference(source.name);
    const top = await topDescriptor(ctx, reference);
    await bringDocuments(ctx, reference, top, platform);
    const { digest: _digest, ...named } = reference;
    return { top, from: reference, name: named.tag === undefined ? undefined : formatReference(named) };
  }
  const { path, tar, selector } = source;
  const files = tar === undefined ? folderFiles(ctx.store, path) : await tarFiles(ctx.store, tar(), path, ctx.signal);
  const index = await files.read("index.json", MAX_MANIFEST_BYTES);
  const tops =
    index === undefined ? await dockerTops(ctx.store, files, await readDockerManifest(files)) : await layoutTops(ctx, files, index);
  const { descriptor, names } = selected(
    tops.filter(({ subject }) => subject === undefined),
    path,
    selector,
  );
  return { top: descriptor, name: names[0], about: await archivedReferrers(ctx, tops) };
}

function selected(tops: readonly ArchivedTop[], path: string, selector: string | undefined): ArchivedTop {
  const [only, second] = tops;
  if (selector === undefined && only !== undefined && second === undefined) return only;
  const wanted = selector ?? "latest";
  const fits = ({ descriptor, names, tags = [] }: ArchivedTop): boolean =>
    descriptor.digest === wanted ||
    tags.includes(wanted) ||
    names.some((name) => name === imageName(wanted) || name.endsWith(`:${wanted}`));
  const found = tops.find(fits);
  if (found !== undefined) return found;
  const known = tops.flatMap(({ names, tags = [] }) => (names.length > 0 ? names : tags));
  throw new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${wanted}" in "${path}"`, {
    hint: known.length === 0 ? "Name it by its digest: PATH@sha256:…" : `Its images are: ${known.join(", ")}`,
  });
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

/** What the image is called where it goes. */
function namesAt(destination: CopyDestination, name: string | undefined): string[] {
  if (destination.kind === "store" || destination.kind === "registry") return [formatReference(targetName(destination.name))];
  const { selector } = destination;
  if (selector === undefined) return name === undefined ? [] : [name];
  // A tag alone belongs to the repository of the source.
  if (/[/:]/.test(selector) || name === undefined) return [formatReference(targetName(selector))];
  return [formatReference({ ...targetName(name), tag: selector })];
}

interface Writing {
  readonly ctx: ExportContext;
  readonly content: ImageContent;
  readonly referrers: readonly FoundReferrer[];
  readonly names: readonly string[];
}

async function write({ ctx, content, referrers, names }: Writing, destination: CopyDestination, platform: Platform): Promise<void> {
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
        index: [...indexEntries(content.descriptor, names), ...referrers.map(({ content: { descriptor } }) => descriptor)],
      },
    );
  } else {
    const items = [{ content, names }, ...referrers.map(({ content: one }) => ({ content: one, names: [] }))];
    await writeImageArchive(ctx, destination.path, items, destination.kind === "docker-archive" ? { platform } : undefined);
  }
}
