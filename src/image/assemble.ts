/** Puts a build's decisions and its layer blobs together: configuration file and manifest, not written anywhere yet. */
import { type Descriptor, OCI_CONFIG } from "../oci/index.ts";
import type { AssembledImage } from "./assembled-image.ts";
import { imageConfigOf } from "./config.ts";
import type { ExportLayer } from "./layers.ts";
import { documentOf, manifestOf, type MediaTypes, namedDescriptor } from "./manifest.ts";
import { namedPlatform } from "./named-platform.ts";
import type { BuiltImage } from "./types.ts";

/** On a layer: the SOURCE_DATE_EPOCH that its times were set to (BuildKit). */
export const REWRITTEN_ANNOTATION = "buildkit/rewritten-timestamp";

/** Assembles `image` from its layers as blobs, in order. */
export function assemble(image: BuiltImage, layers: readonly ExportLayer[], mediaTypes: MediaTypes): AssembledImage {
  const { json } = imageConfigOf(
    image,
    layers.map((layer) => layer.diffId),
  );
  const config = documentOf(json, OCI_CONFIG);
  const manifest = manifestOf(
    config.descriptor,
    layers.map(({ descriptor }, at) => (isRewritten(image, at) ? rewrittenDescriptor(descriptor, image.epochSec ?? 0) : descriptor)),
    mediaTypes,
    image.annotations?.manifest,
  );
  // The configuration file's own bytes are the same in both families; only the name of its type differs.
  return {
    layers,
    config: { ...config, descriptor: manifest.manifest.config },
    manifest,
    descriptor: namedDescriptor(manifest.descriptor, { ...image, platform: namedPlatform(image) }, image.annotations?.manifestDescriptor),
  };
}

/** Layers of the base are never rewritten. */
function isRewritten({ layers, areTimesRewritten = false }: BuiltImage, at: number): boolean {
  return areTimesRewritten && layers[at]?.created !== undefined;
}

function rewrittenDescriptor(descriptor: Descriptor, epochSec: number): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [REWRITTEN_ANNOTATION]: String(epochSec) } };
}
