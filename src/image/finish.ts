/** From a build's image and its layers as blobs to all documents of an output: in the form that the output, or the exporters that are followed, want. */
import { usageError } from "../errors.ts";
import { type Followed, follows } from "../followed.ts";
import { assemble } from "./assemble.ts";
import type { AssembledImage } from "./assembled-image.ts";
import { attested } from "./attest.ts";
import type { ExportLayer } from "./layers.ts";
import type { MediaTypes } from "./manifest.ts";
import type { Attestation, BuiltImage, ExportResult, ImageOptions } from "./types.ts";

/** What decides the documents besides the image. */
interface FinishOptions {
  readonly output: ImageOptions & { readonly type: "image" | "registry" | "oci" | "docker" };
  readonly layers: readonly ExportLayer[];
  /** Canonical texts. */
  readonly names: readonly string[];
  readonly followed: Followed | undefined;
}

/** Makes the documents. Throws `USAGE` for forms that have no place for what the build says of its image. */
export async function finishedImage(image: BuiltImage, { output, layers, names, followed }: FinishOptions): Promise<AssembledImage> {
  const told: BuiltImage = { ...image, attestations: attestationsFor(image, output) };
  const mediaTypes = mediaTypesOf(told, output, followed);
  const { ociArtifact = mediaTypes === "oci" && follows(followed, "oci-artifacts") } = output;
  if (ociArtifact && mediaTypes === "docker")
    throw usageError(
      'Cannot use --output with oci-artifact=true and Docker\'s media types (exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false")',
      "Leave one of the two out",
    );
  return await attested(told, assemble(told, layers, mediaTypes), { names, mediaTypes, ociArtifact });
}

/** How results name the image. */
export function identity(
  { config, descriptor, attached }: AssembledImage,
  { preferImageDigest = false }: ImageOptions,
): Pick<ExportResult, "descriptor" | "configDigest" | "imageId"> {
  const configDigest = attached === undefined && !preferImageDigest ? { configDigest: config.descriptor.digest } : {};
  return { descriptor, ...configDigest, imageId: configDigest.configDigest ?? descriptor.digest };
}

/** Those that are only to be beside an image: not in files, nor in an archive that is no index without them. */
function attestationsFor({ attestations = [], inIndex = false }: BuiltImage, output: FinishOptions["output"]): readonly Attestation[] {
  const { attestationInline = output.type === "image" || output.type === "registry" } = output;
  const staying = attestations.filter(({ inlineOnly = false }) => !inlineOnly);
  return attestationInline || inIndex || staying.length > 0 ? attestations : [];
}

function mediaTypesOf(
  { attestations = [] }: BuiltImage,
  { type, ociMediaTypes }: FinishOptions["output"],
  followed: Followed | undefined,
): MediaTypes {
  const isOci = type === "oci" || attestations.length > 0 || follows(followed, "oci-media-types");
  return (ociMediaTypes ?? isOci) ? "oci" : "docker";
}
