/**
 * `decant load`: the images of an archive into the store, under the names that the archive gives them. It reads OCI layouts (image-spec
 * image-layout.md) and docker's archives of all its versions since 1.10, also those of podman, skopeo, crane, kaniko and Bazel.
 */
import type { Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { type Descriptor, isImageConfig, MAX_MANIFEST_BYTES, OCI_INDEX, parseManifestOrIndex, type Platform } from "../oci/index.ts";
import { loadLayers } from "../tree/index.ts";
import { type ArchiveFiles, blobPath } from "./archive-files.ts";
import { contentDigests, type ImageContent, storedContent } from "./content.ts";
import { type ArchivedTop, dockerNames, dockerTops, imageName, readDockerManifest } from "./docker-archive.ts";
import { IMAGE_NAME_ANNOTATION, REF_NAME_ANNOTATION } from "./exporters/layout.ts";
import { loadFound } from "./load-image.ts";
import { nameImage } from "./name-image.ts";
import type { FoundReferrer } from "./copy-referrers.ts";
import { keepReferrer } from "./store-referrers.ts";
import { given } from "../given.ts";
import type { ImageContext } from "./types.ts";

/** An image that was loaded. */
export interface LoadedImage {
  readonly descriptor: Descriptor;
  /** The image ID of its first image. */
  readonly id: Digest;
  /** Canonical texts. */
  readonly names: readonly string[];
}

const MAX_DEPTH = 5;
/**
 * Loads all images of an archive, or none: each is checked, with its layers, before the first has its name. Throws `MANIFEST` for what is no image
 * archive, `BLOB_*`, `TAR`, `ARCHIVE`.
 */
export async function loadArchive(ctx: ImageContext, files: ArchiveFiles, host: Platform): Promise<readonly LoadedImage[]> {
  const index = await files.read("index.json", MAX_MANIFEST_BYTES);
  const docker = await readDockerManifest(files);
  const tops = index === undefined ? await dockerTops(ctx.store, files, docker) : await layoutTops(ctx, files, index);
  const loaded: { readonly content: ImageContent; readonly names: readonly string[] }[] = [];
  for (const { descriptor, names } of tops.filter(({ subject }) => subject === undefined)) {
    const content = await storedContent(ctx, descriptor);
    await checkImages(ctx, content, files.name, host);
    loaded.push({ content, names: names.length > 0 ? names : dockerNames(docker, content) });
  }
  if (loaded.every(({ content }) => content.images.length === 0))
    throw new DecantError("MANIFEST", `Cannot load "${files.name}": there is no image in it`);
  const referrers = await archivedReferrers(ctx, tops);
  return loaded.map(({ content, names }) => {
    nameImage(ctx.store, { descriptor: content.descriptor, blobs: contentDigests(content) }, names);
    for (const { subject, content: about } of referrers)
      if (content.manifests.some((one) => one.descriptor.digest === subject))
        keepReferrer(ctx.store, { top: content.descriptor, subject }, about);
    return { descriptor: content.descriptor, id: content.images[0]?.config.digest ?? content.descriptor.digest, names };
  });
}

/** What the archive says of its images: signatures and other manifests with a subject. */
export async function archivedReferrers(ctx: ImageContext, tops: readonly ArchivedTop[]): Promise<readonly FoundReferrer[]> {
  const found: FoundReferrer[] = [];
  for (const { descriptor, subject } of tops)
    if (subject !== undefined) found.push({ subject, content: await storedContent(ctx, descriptor) });
  return found;
}

/** The images that index.json lists, with all their blobs in the store. Throws `MANIFEST`, `BLOB_*`. */
export async function layoutTops(ctx: ImageContext, files: ArchiveFiles, bytes: Buffer): Promise<readonly ArchivedTop[]> {
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot load "${files.name}": its index.json is no index`);
  const tops = new Map<
    Digest,
    { readonly descriptor: Descriptor; readonly names: string[]; readonly tags: string[]; readonly subject?: Digest }
  >();
  for (const { annotations, ...descriptor } of parsed.index.manifests) {
    const known = tops.get(descriptor.digest);
    if (known === undefined && !(await bring(ctx, files, descriptor, MAX_DEPTH)))
      throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the manifest "${descriptor.digest}"`);
    const subject = await subjectOf(ctx, descriptor);
    const top = known ?? { descriptor, names: new Array<string>(), tags: new Array<string>(), ...given({ subject }) };
    tops.set(descriptor.digest, top);
    // Other tools write a tag alone, which names no repository.
    const refName = annotations?.[REF_NAME_ANNOTATION];
    if (refName !== undefined) top.tags.push(refName);
    const name = imageName(annotations?.[IMAGE_NAME_ANNOTATION] ?? (refName !== undefined && /[/:]/.test(refName) ? refName : undefined));
    if (name !== undefined && !top.names.includes(name)) top.names.push(name);
  }
  return [...tops.values()];
}

/** What a manifest of the store is about that is no image. */
async function subjectOf({ store }: ImageContext, { digest, mediaType }: Descriptor): Promise<Digest | undefined> {
  const parsed = parseManifestOrIndex(await store.blobs.read(digest, MAX_MANIFEST_BYTES), mediaType);
  return parsed.kind === "index" || isImageConfig(parsed.manifest.config.mediaType) ? undefined : parsed.manifest.subject?.digest;
}

/** Brings a manifest or index and all that it names into the store. False where it is not there, as other platforms of an index may be. */
async function bring(ctx: ImageContext, files: ArchiveFiles, at: Descriptor, depth: number): Promise<boolean> {
  ctx.signal.throwIfAborted();
  if ((await files.keep(blobPath(at.digest), at)) === undefined) return false;
  const parsed = parseManifestOrIndex(await ctx.store.blobs.read(at.digest, MAX_MANIFEST_BYTES), at.mediaType);
  if (parsed.kind === "index") {
    if (depth === 0)
      throw new DecantError("MANIFEST", `Cannot load "${files.name}": it has indexes in indexes, more than ${MAX_DEPTH} deep`);
    let isAny = false;
    for (const entry of parsed.index.manifests) isAny = (await bring(ctx, files, entry, depth - 1)) || isAny;
    return isAny;
  }
  const { config, layers } = parsed.manifest;
  for (const blob of [config, ...layers]) {
    if ((await files.keep(blobPath(blob.digest), blob)) !== undefined || blob.urls !== undefined) continue;
    throw new DecantError("BLOB_MISSING", `Cannot load "${files.name}": it lacks the blob "${blob.digest}" of one of its images`);
  }
  return true;
}

/** Reads every layer: its digest and the diffId that its configuration tells are right, and commands know its files. */
async function checkImages(ctx: ImageContext, { images }: ImageContent, name: string, host: Platform): Promise<void> {
  for (const { manifest } of images) {
    const opened = await loadFound(ctx.store, name, { top: manifest }, host);
    await loadLayers(opened.layers, ctx.signal);
  }
}
