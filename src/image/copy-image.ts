/**
 * `decant copy`: an image from one place to another, byte by byte: all platforms, attestations, digests. Between registries, signatures and other
 * referrers follow. What is on its way is in the store; a registry that has a blob already is not sent it.
 */
import { AT_ONCE, pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import {
  type Descriptor,
  atDigest,
  formatReference,
  type Platform,
  type Reference,
  selectManifest,
  parseManifestOrIndex,
  MAX_MANIFEST_BYTES,
} from "../oci/index.ts";
import { folderFiles, tarFiles } from "./archive-files.ts";
import { contentDigests, type ImageContent, storedContent } from "./content.ts";
import { type ArchivedTop, dockerTops, imageName, readDockerManifest } from "./docker-archive.ts";
import { writeImageArchive } from "./exporters/layout-archive.ts";
import { blobEntries, indexEntries } from "./exporters/layout.ts";
import { writeLayoutDirectory } from "./exporters/layout-directory.ts";
import { findImage } from "./find-image.ts";
import { layoutTops } from "./load-archive.ts";
import { nameImage } from "./name-image.ts";
import { targetName } from "./names.ts";
import { fetchDocument, topDescriptor } from "./pull-image.ts";
import { pushAt, pushContent } from "./push-content.ts";
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
  const { top, name, from } = await bringSource(ctx, source, platform);
  const descriptor = platform === undefined ? top : await onlyPlatform(ctx, top, platform);
  const content = await storedContent(ctx, descriptor, from);
  const names = namesAt(destination, name);
  await write(ctx, content, destination, names, platform ?? host);
  const isBetween = from !== undefined && destination.kind === "registry";
  const referrers = isBetween ? await copyReferrers(ctx, content, from, targetName(destination.name)) : 0;
  const { mediaType, digest, size } = content.descriptor;
  for (const one of names) ctx.emit({ type: "result", kind: "image", name: one, digest });
  return { descriptor: { mediaType, digest, size }, names, referrers };
}

interface Brought {
  readonly top: Descriptor;
  /** Canonical, where it has one. */
  readonly name?: string | undefined;
  /** The registry that has its layers. */
  readonly from?: Reference | undefined;
}

async function bringSource(ctx: ExportContext, source: CopySource, platform: Platform | undefined): Promise<Brought> {
  if (source.kind === "store") {
    const { top, name } = await findImage(ctx.store, source.name);
    return { top, name };
  }
  if (source.kind === "registry") {
    const reference = await (await ctx.registry()).reference(source.name);
    const top = await topDescriptor(ctx, reference);
    await bringDocuments(ctx, reference, top, platform, MAX_DEPTH);
    const { digest: _digest, ...named } = reference;
    return { top, from: reference, name: named.tag === undefined ? undefined : formatReference(named) };
  }
  const { path, tar, selector } = source;
  const files = tar === undefined ? folderFiles(ctx.store, path) : await tarFiles(ctx.store, tar(), path, ctx.signal);
  const index = await files.read("index.json", MAX_MANIFEST_BYTES);
  const tops =
    index === undefined ? await dockerTops(ctx.store, files, await readDockerManifest(files)) : await layoutTops(ctx, files, index);
  const { descriptor, names } = selected(tops, path, selector);
  return { top: descriptor, name: names[0] };
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

/** Brings manifests and configurations into the store: of all platforms, or of one. Layers stay where they are. */
async function bringDocuments(
  ctx: ExportContext,
  reference: Reference,
  at: Descriptor,
  platform: Platform | undefined,
  depth: number,
): Promise<void> {
  const parsed = parseManifestOrIndex(await fetchDocument(ctx, reference, at), at.mediaType);
  if (parsed.kind === "manifest") {
    await fetchDocument(ctx, reference, parsed.manifest.config);
    return;
  }
  const entries = platform === undefined ? parsed.index.manifests : [selectManifest(parsed.index, platform, formatReference(reference))];
  if (depth > 0) for (const entry of entries) await bringDocuments(ctx, reference, entry, platform, depth - 1);
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

async function write(
  ctx: ExportContext,
  content: ImageContent,
  destination: CopyDestination,
  names: readonly string[],
  platform: Platform,
): Promise<void> {
  if (destination.kind === "registry") return await pushContent(ctx, content, names);
  await pool(AT_ONCE, content.layers, (layer, signal) => layer.ensure(signal), ctx.signal);
  if (destination.kind === "store") {
    nameImage(ctx.store, { descriptor: content.descriptor, blobs: contentDigests(content) }, names);
  } else if (destination.kind === "oci-folder") {
    await writeLayoutDirectory(
      ctx,
      { type: "oci", dest: destination.path },
      { blobs: blobEntries(ctx.store, [content]), index: indexEntries(content.descriptor, names) },
    );
  } else {
    await writeImageArchive(ctx, destination.path, [{ content, names }], destination.kind === "docker-archive" ? { platform } : undefined);
  }
}

/** Signatures, SBOMs and what else has a manifest of the image as its subject. A registry without them has none. */
async function copyReferrers(ctx: ExportContext, content: ImageContent, from: Reference, target: Reference): Promise<number> {
  const client = await ctx.registry();
  const seen = new Set<Digest>();
  const pending = content.manifests.map(({ descriptor }) => descriptor.digest);
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    for (const referrer of await referrersOf(ctx, from, digest)) {
      if (seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      await bringDocuments(ctx, from, referrer, undefined, MAX_DEPTH);
      await pushAt(ctx, client, await storedContent(ctx, referrer, from), atDigest(target, referrer.digest));
      // A signature may be signed.
      pending.push(referrer.digest);
    }
  }
  return seen.size;
}

async function referrersOf(ctx: ExportContext, from: Reference, digest: Digest): Promise<readonly Descriptor[]> {
  try {
    return await (await ctx.registry()).referrers(from, digest, { signal: ctx.signal });
  } catch (error) {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return [];
    throw error;
  }
}
