/** From a build's images and their layers as blobs to all documents of an output: in the form that the output, or the exporters that are followed, want. */
import type { Followed } from "../followed.ts";
import { given } from "../given.ts";
import { wantsIndex } from "./annotations.ts";
import { assemble } from "./assemble.ts";
import type { AssembledResult } from "./assembled-image.ts";
import { attested } from "./attest.ts";
import type { ExportLayer } from "./layers.ts";
import { type ImageOutput, keptAttestations, outputForm } from "./output-form.ts";
import type { PushForms } from "./push-forms.ts";
import type { Attestation, BuiltImage, ExportResult, ImageOptions } from "./types.ts";

/** An image with its layers as blobs. */
interface PackedImage {
  readonly image: BuiltImage;
  readonly layers: readonly ExportLayer[];
}

/** What decides the documents besides the images. */
interface FinishOptions {
  readonly output: ImageOutput;
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

/** Makes the documents. Throws as `outputForm`. */
export async function finishedImages(packed: readonly PackedImage[], options: FinishOptions): Promise<AssembledResult> {
  const { output, names, followed } = options;
  const { mediaTypes, ociArtifact } = outputForm(
    packed.map(({ image }) => image),
    output,
    followed,
  );
  const builds = packed.map(({ image, layers }) => ({
    image: { ...image, attestations: keptAttestations<Attestation>(image, output) },
    assembled: assemble(image, layers, mediaTypes),
  }));
  return await attested(builds, { names, mediaTypes, ociArtifact });
}

/** The documents for registries: as wanted, and as older ones take them. Throws as `outputForm`. */
export async function pushableForms(packed: readonly PackedImage[], options: FinishOptions): Promise<PushForms> {
  const { output, followed } = options;
  const wanted = await finishedImages(packed, options);
  if (!wanted.images.some(({ about }) => about !== undefined)) return { wanted };
  const images = packed.map(({ image }) => image);
  const isArtifact = outputForm(images, output, followed).ociArtifact && output.ociArtifact !== true;
  const bare = packed.map(({ image: { attestations: _left, ...image }, layers }) => ({ image, layers }));
  // Annotations of the index are a wish of their own.
  const isDemanded =
    output.attestations === true || (packed.length === 1 && images.some(({ annotations = {} }) => wantsIndex(annotations)));
  return {
    wanted,
    asImages: isArtifact ? () => finishedImages(packed, { ...options, output: { ...output, ociArtifact: false } }) : undefined,
    without: isDemanded ? undefined : () => finishedImages(bare, options),
  };
}

/** How results name the image, or the index. */
export function identity(
  { images, descriptor, index }: AssembledResult,
  { preferImageDigest = false }: ImageOptions,
): Pick<ExportResult, "descriptor" | "configDigest" | "imageId"> {
  const configDigest = index === undefined && !preferImageDigest ? images[0]?.config.descriptor.digest : undefined;
  return { descriptor, ...given({ configDigest }), imageId: configDigest ?? descriptor.digest };
}
