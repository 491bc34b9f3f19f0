/** From a build's images and their layers as blobs to all documents of an output: in the form that the output, or the exporters that are followed, want. */
import { usageError } from "../errors.ts";
import { type Followed, follows } from "../followed.ts";
import { given } from "../given.ts";
import { assemble } from "./assemble.ts";
import type { AssembledResult } from "./assembled-image.ts";
import { attested, checkAttached } from "./attest.ts";
import type { ExportLayer } from "./layers.ts";
import type { MediaTypes } from "./manifest.ts";
import type { Attestation, BuiltImage, ExportResult, ImageOptions } from "./types.ts";

/** An image with its layers as blobs. */
interface PackedImage {
  readonly image: BuiltImage;
  readonly layers: readonly ExportLayer[];
}

/** What decides the documents besides the images. */
interface FinishOptions {
  readonly output: ImageOptions & { readonly type: "image" | "registry" | "oci" | "docker" };
  /** Canonical texts. */
  readonly names: readonly string[];
  readonly followed: Followed | undefined;
}

/** Packs the layers of each image by `pack`, one image after the other: what they share is packed once. */
export async function packImages(
  images: readonly BuiltImage[],
  pack: (image: BuiltImage) => Promise<readonly ExportLayer[]>,
): Promise<PackedImage[]> {
  const packed: PackedImage[] = [];
  for (const image of images) packed.push({ image, layers: await pack(image) });
  return packed;
}

/** Makes the documents. Throws `USAGE` for forms that have no place for what the build says of its image. */
export async function finishedImages(packed: readonly PackedImage[], options: FinishOptions): Promise<AssembledResult> {
  const { output, names, followed } = options;
  const told = packed.map(({ image, layers }) => ({ image: { ...image, attestations: attestationsFor(image, output) }, layers }));
  const isSaid = told.some(({ image }) => image.attestations.length > 0);
  const mediaTypes = mediaTypesOf(isSaid, output, followed);
  const { ociArtifact = mediaTypes === "oci" && follows(followed, "oci-artifacts") } = output;
  if (ociArtifact && mediaTypes === "docker")
    throw usageError(
      'Cannot use --output with oci-artifact=true and Docker\'s media types (exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false")',
      "Leave one of the two out",
    );
  for (const { image } of told) checkAttached({ ...image, inIndex: told.length > 1 || image.inIndex === true }, mediaTypes);
  const builds = told.map(({ image, layers }) => ({ image, assembled: assemble(image, layers, mediaTypes) }));
  return await attested(builds, { names, mediaTypes, ociArtifact });
}

/** How results name the image, or the index. */
export function identity(
  { images, descriptor, index }: AssembledResult,
  { preferImageDigest = false }: ImageOptions,
): Pick<ExportResult, "descriptor" | "configDigest" | "imageId"> {
  const configDigest = index === undefined && !preferImageDigest ? images[0]?.config.descriptor.digest : undefined;
  return { descriptor, ...given({ configDigest }), imageId: configDigest ?? descriptor.digest };
}

/** Those that are only to be beside an image: not in files, nor in an archive that is no index without them. */
function attestationsFor({ attestations = [], inIndex = false }: BuiltImage, output: FinishOptions["output"]): readonly Attestation[] {
  const { attestationInline = output.type === "image" || output.type === "registry" } = output;
  const staying = attestations.filter(({ inlineOnly = false }) => !inlineOnly);
  return attestationInline || inIndex || staying.length > 0 ? attestations : [];
}

/** The family of the documents of an output. `isSaid`: there are attestations. */
export function mediaTypesOf(
  isSaid: boolean,
  { type, ociMediaTypes }: FinishOptions["output"],
  followed: Followed | undefined,
): MediaTypes {
  const isOci = type === "oci" || isSaid || follows(followed, "oci-media-types");
  return (ociMediaTypes ?? isOci) ? "oci" : "docker";
}
