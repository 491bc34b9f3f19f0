/** The documents of an image into the store, wherever it is: of the store, a registry, a layout or an archive. Commands work on images through this. */
import type { ByteStream } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { formatReference, MAX_MANIFEST_BYTES, type Descriptor, type Platform, type Reference } from "../oci/index.ts";
import { folderFiles, tarFiles } from "./archive-files.ts";
import { bringDocuments } from "./bring-documents.ts";
import type { ImageContent } from "./content.ts";
import { type FoundReferrer, referrersOf } from "./copy-referrers.ts";
import { type ArchivedTop, dockerTops, imageName, readDockerManifest } from "./docker-archive.ts";
import { findImage } from "./find-image.ts";
import { archivedReferrers, layoutTops } from "./load-archive.ts";
import { topDescriptor } from "./pull-image.ts";
import type { ImageContext } from "./types.ts";

/** Where an image comes from. */
export type ImageSource =
  | { readonly kind: "store"; readonly name: string }
  | { readonly kind: "registry"; readonly name: string }
  /** A layout's folder, or `tar`, which opens an archive. `selector`: a tag, a digest or a name; absent for the only image. */
  | { readonly kind: "archive"; readonly path: string; readonly tar?: () => ByteStream; readonly selector?: string | undefined };

/** An image whose documents are in the store. */
export interface BroughtImage {
  readonly top: Descriptor;
  /** Canonical, where it has one. */
  readonly name?: string | undefined;
  /** The image of an index that an ID or digest of the store means. */
  readonly platform?: Platform | undefined;
  /** The registry that has its layers. */
  readonly from?: Reference | undefined;
  /** What an archive says of its images. */
  readonly about?: readonly FoundReferrer[];
}

/** What is about an image and goes along with it: of its registry, its archive, or the store. */
export async function broughtReferrers(
  ctx: ImageContext,
  { from, about }: BroughtImage,
  content: ImageContent,
): Promise<readonly FoundReferrer[]> {
  if (about === undefined) return await referrersOf(ctx, content, from);
  const known = new Set(content.manifests.map(({ descriptor }) => descriptor.digest));
  return about.filter((referrer) => known.has(referrer.subject) && known.add(referrer.content.descriptor.digest).size > 0);
}

/**
 * Brings the documents of an image into the store; the layers of an archive come along, and those of a registry stay there. With `platform` only what
 * that one needs. Throws what registries throw, `IMAGE_NOT_FOUND`, `MANIFEST`, `BLOB_*`.
 */
export async function bringImage(ctx: ImageContext, source: ImageSource, platform?: Platform): Promise<BroughtImage> {
  if (source.kind === "store") {
    const { top, name, platform: only } = await findImage(ctx.store, source.name);
    return { top, name, platform: only };
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
