/** Images as their documents and layers, before they are written anywhere. */
import type { Descriptor } from "../oci/index.ts";
import type { ExportLayer } from "./layers.ts";
import type { Document, ManifestDocument } from "./manifest.ts";

/** What is said of an image: statements, and the manifest by which an index has them. */
export interface About {
  readonly statements: readonly Document[];
  readonly config: Document;
  readonly manifest: ManifestDocument;
}

/** An image of one platform. */
export interface AssembledImage {
  readonly layers: readonly ExportLayer[];
  readonly config: Document;
  readonly manifest: ManifestDocument;
  /** The manifest's, with the annotations that it has where it is named. */
  readonly descriptor: Descriptor;
  readonly about?: About;
}

/** Ready to be written: an image, or an index of images and what is said of them. */
export interface AssembledResult {
  readonly images: readonly AssembledImage[];
  readonly index?: Document;
  /** What names stand for, as results and index.json have it: the index, or the only manifest. */
  readonly descriptor: Descriptor;
}

/** Everything but the layers: each document once, those that name others after them. */
export function documentsOf({ images, index }: AssembledResult): readonly Document[] {
  const documents = images.flatMap(({ config, manifest, about }) => [
    config,
    manifest,
    ...(about === undefined ? [] : [...about.statements, about.config, about.manifest]),
  ]);
  return [...new Map([...documents, ...(index === undefined ? [] : [index])].map((one) => [one.descriptor.digest, one])).values()];
}

/** An image that is alone. */
export function onlyImage(image: AssembledImage): AssembledResult {
  return { images: [image], descriptor: image.descriptor };
}
