/** Puts a build's decisions and its layer blobs together: configuration file and manifest, not written anywhere yet. */
import { type Descriptor, OCI_CONFIG } from "../oci/index.ts";
import type { Attached } from "./attest.ts";
import { imageConfigOf } from "./config.ts";
import type { ExportLayer } from "./layers.ts";
import { type Document, type ManifestDocument, type MediaTypes, documentOf, manifestOf, namedDescriptor } from "./manifest.ts";
import type { BuiltImage } from "./types.ts";

/** On a layer: the SOURCE_DATE_EPOCH that its times were set to (BuildKit). */
const REWRITTEN_ANNOTATION = "buildkit/rewritten-timestamp";

/** An image that is ready to be written. */
export interface AssembledImage {
  readonly layers: readonly ExportLayer[];
  readonly config: Document;
  readonly manifest: ManifestDocument;
  /** What names stand for, as results and index.json have it: the manifest, or the index that has it with its attestations. */
  readonly descriptor: Descriptor;
  readonly attached?: Attached;
}

/** Everything but the layers: each document once, those that name others after them. */
export function documentsOf({ config, manifest, attached }: AssembledImage): readonly Document[] {
  const about = attached?.about === undefined ? [] : [attached.about.config, attached.about.manifest];
  return [config, manifest, ...(attached === undefined ? [] : [...attached.statements, ...about, attached.index])];
}

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
    descriptor: namedDescriptor(manifest.descriptor, image, image.annotations?.manifestDescriptor),
  };
}

/** Layers of the base are never rewritten. */
function isRewritten({ layers, areTimesRewritten = false }: BuiltImage, at: number): boolean {
  return areTimesRewritten && layers[at]?.created !== undefined;
}

function rewrittenDescriptor(descriptor: Descriptor, epochSec: number): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [REWRITTEN_ANNOTATION]: String(epochSec) } };
}
