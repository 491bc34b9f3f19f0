/**
 * What OCI layouts and docker archives share: image-spec image-layout.md, with the annotations by which containerd, docker and
 * skopeo find names.
 */
import { familiarName, formatReference, type Descriptor, OCI_INDEX } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { sortedAnnotations } from "../annotations.ts";
import type { ArchiveEntry } from "../archive.ts";
import { type AssembledImage, type AssembledResult, documentsOf } from "../assembled-image.ts";
import type { ExportLayer } from "../layers.ts";
import { targetName } from "../names.ts";

/** The content of the file `oci-layout`. */
export const OCI_LAYOUT_TEXT = '{"imageLayoutVersion":"1.0.0"}';
/** containerd's and docker's annotation for the whole name. */
export const IMAGE_NAME_ANNOTATION = "io.containerd.image.name";
/** image-spec annotations.md: the tag. */
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

/** A blob as an entry of an archive or a directory. */
export type BlobEntry = Exclude<ArchiveEntry, { readonly kind: "dir" }>;

/** One entry of index.json for each name, or one without a name. */
export function indexEntries(descriptor: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [descriptor];
  return names.map((name) => {
    const reference = targetName(name);
    const names = { [IMAGE_NAME_ANNOTATION]: formatReference(reference), [REF_NAME_ANNOTATION]: reference.tag };
    return { ...descriptor, annotations: sortedAnnotations(descriptor.annotations, names) ?? names };
  });
}

/** The text of index.json. */
export function indexText(manifests: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
}

/** The text of manifest.json, by which docker before 25, podman and skopeo read archives. */
export function dockerManifestText({ images }: AssembledResult, names: readonly string[]): string {
  const tags = names.map((name) => {
    const reference = targetName(name);
    return `${familiarName(reference)}:${reference.tag}`;
  });
  const entry = ({ config, layers }: AssembledImage): unknown => ({
    Config: blobName(config.descriptor),
    RepoTags: tags.length === 0 ? null : tags,
    Layers: layers.map(({ descriptor }) => blobName(descriptor)),
  });
  return JSON.stringify(images.map(entry));
}

/** "blobs/sha256/…". */
function blobName({ digest }: Descriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** What an archive of a layout holds besides its documents. */
interface LayoutParts {
  /** Canonical texts. */
  readonly names: readonly string[];
  /** Those whose blobs are in it. Default: all. */
  readonly layers?: readonly ExportLayer[] | undefined;
  /** With manifest.json. */
  readonly isDocker: boolean;
}

/** All entries of an archive. */
export function layoutEntries(store: Store, result: AssembledResult, { names, layers, isDocker }: LayoutParts): readonly ArchiveEntry[] {
  const blobs = blobEntries(store, result, layers);
  const text = (name: string, content: string): ArchiveEntry => ({ name, kind: "bytes", bytes: Buffer.from(content, "utf8") });
  return [
    ...foldersOf(blobs).map((folder): ArchiveEntry => ({ name: `${folder}/`, kind: "dir" })),
    ...blobs,
    text("index.json", indexText(indexEntries(result.descriptor, names))),
    ...(isDocker ? [text("manifest.json", dockerManifestText(result, names))] : []),
    text("oci-layout", OCI_LAYOUT_TEXT),
  ];
}

/** Every blob once, sorted by name, for an archive or a directory. Those of the layers must be in the store. */
export function blobEntries(
  store: Store,
  result: AssembledResult,
  wanted: readonly ExportLayer[] = result.images.flatMap(({ layers }) => layers),
): readonly BlobEntry[] {
  const entries = new Map<string, BlobEntry>();
  for (const { bytes, descriptor } of documentsOf(result)) {
    entries.set(blobName(descriptor), { name: blobName(descriptor), kind: "bytes", bytes });
  }
  return [...entries.values(), ...layerEntries(store, wanted)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Blobs of layers, which must be in the store; each once, because an archive with two entries of one name confuses readers. */
export function layerEntries(store: Store, layers: readonly { readonly descriptor: Descriptor }[]): readonly BlobEntry[] {
  const entries = layers.map(({ descriptor }): [string, BlobEntry] => {
    const name = blobName(descriptor);
    return [name, { name, kind: "file", path: store.blobs.path(descriptor.digest), size: descriptor.size }];
  });
  return [...new Map(entries).values()];
}

/** Bytes of a blob. */
export function sizeOfEntry(entry: BlobEntry): number {
  return entry.kind === "file" ? entry.size : entry.bytes.byteLength;
}

/** "blobs", "blobs/sha256": the directories that the blobs are in, parents first. */
export function foldersOf(blobs: readonly BlobEntry[]): string[] {
  return [...new Set(["blobs", ...blobs.map(({ name }) => name.slice(0, name.lastIndexOf("/")))])].toSorted();
}
