/** The form of an output: which of what a build says goes with it, and in documents of which kind. Decided from what is known before the build. */
import { usageError } from "../errors.ts";
import { type Followed, follows } from "../followed.ts";
import { wantsIndex } from "./annotations.ts";
import type { MediaTypes } from "./manifest.ts";
import type { BuiltImage, ImageOptions } from "./types.ts";

/** An output that is an image. */
export type ImageOutput = ImageOptions & { readonly type: "image" | "registry" | "oci" | "docker"; readonly dest?: string | undefined };

/** What is known of an image before it is built. */
export interface PlannedImage extends Pick<BuiltImage, "annotations" | "inIndex"> {
  readonly attestations?: readonly { readonly inlineOnly?: boolean | undefined }[] | undefined;
}

/** What was decided. */
interface OutputForm {
  /** Of the documents. */
  readonly mediaTypes: MediaTypes;
  /** Attestations are OCI artifacts. */
  readonly ociArtifact: boolean;
}

/** Decides. Throws `USAGE` where there is no place for what the build says of its images, and for options that contradict each other. */
export function outputForm(images: readonly PlannedImage[], output: ImageOutput, followed: Followed | undefined): OutputForm {
  const inIndex = images.length > 1 || images.some((image) => image.inIndex === true);
  if (output.type === "docker" && inIndex) throw noPlaceForIndex();
  const isSaid = images.some((image) => keptAttestations(image, output).length > 0);
  const mediaTypes = mediaTypesOf(isSaid, output, followed);
  const { ociArtifact = mediaTypes === "oci" && follows(followed, "oci-artifacts") } = output;
  if (ociArtifact && mediaTypes === "docker")
    throw usageError(
      'Cannot use --output with oci-artifact=true and Docker\'s media types (exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false")',
      "Leave one of the two out",
    );
  // What makes such a layer more than a gzip one stands in annotations.
  if (output.compression === "estargz" && mediaTypes === "docker")
    throw usageError(
      "Cannot write estargz layers with Docker's media types: they have no place for annotations",
      "Leave out oci-mediatypes=false",
    );
  for (const { annotations = {} } of images) {
    if (mediaTypes === "docker" && (wantsIndex(annotations) || annotations.manifestDescriptor !== undefined)) throw noPlaceForLevels();
    if (!isSaid && !inIndex && wantsIndex(annotations)) throw noIndex();
  }
  if (mediaTypes === "docker" && isSaid) throw noPlaceForAttestations();
  return { mediaTypes, ociArtifact };
}

/** What goes with the image: not in an archive that is no index without them what is only to be beside an image. */
export function keptAttestations<Said extends { readonly inlineOnly?: boolean | undefined }>(
  { attestations = [], inIndex = false }: { readonly attestations?: readonly Said[] | undefined; readonly inIndex?: boolean | undefined },
  output: ImageOutput,
): readonly Said[] {
  const { attestationInline = output.type === "image" || output.type === "registry" } = output;
  const staying = attestations.filter(({ inlineOnly = false }) => !inlineOnly);
  return attestationInline || inIndex || staying.length > 0 ? attestations : [];
}

function mediaTypesOf(isSaid: boolean, { type, compression, ociMediaTypes }: ImageOutput, followed: Followed | undefined): MediaTypes {
  const isOci = type === "oci" || compression === "estargz" || isSaid || follows(followed, "oci-media-types");
  return (ociMediaTypes ?? isOci) ? "oci" : "docker";
}

function noPlaceForIndex(): Error {
  return usageError(
    "Cannot write a docker archive of an index: it has no place for one (docker exporter does not currently support exporting manifest lists)",
    "Use --output type=oci, or build one platform without BUILDKIT_MULTI_PLATFORM",
  );
}

function noPlaceForLevels(): Error {
  return usageError(
    "Cannot export annotations of these levels with Docker's media types: they have no place for them; wanted OCI media types",
    "Leave out oci-mediatypes=false, or the levels: annotations of manifests are possible",
  );
}

function noPlaceForAttestations(): Error {
  return usageError(
    "Cannot attach attestations to a manifest of Docker's media types: they have no place for them; wanted OCI media types",
    "Leave out oci-mediatypes=false, use type=oci in place of type=docker, or leave them out of this output: attestations=false",
  );
}

function noIndex(): Error {
  return usageError(
    "Cannot put annotations on an index: the result has none (index annotations not supported for single platform export)",
    "Pass --build-arg BUILDKIT_MULTI_PLATFORM=1 or --provenance=true for an index, or leave the level out",
  );
}
