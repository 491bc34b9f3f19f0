/** An image as its documents and layers, before it is written anywhere. */
import type { Descriptor } from "../oci/index.ts";
import type { ExportLayer } from "./layers.ts";
import type { Document, ManifestDocument } from "./manifest.ts";

/** What an index has besides the image. */
export interface Attached {
  readonly statements: readonly Document[];
  /** Configuration and manifest of the statements; absent without statements. */
  readonly about?: { readonly config: Document; readonly manifest: ManifestDocument };
  /** What names stand for. */
  readonly index: Document;
}

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
