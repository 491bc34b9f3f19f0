/**
 * What OCI layouts and docker archives share: image-spec image-layout.md, with the annotations by which containerd, docker and
 * skopeo find names.
 */
import { familiarName, formatReference, type Descriptor, OCI_INDEX, type Platform, platformRank } from "../../oci/index.ts";
import { given } from "../../given.ts";
import type { Store } from "../../store/index.ts";
import { sortedAnnotations } from "../annotations.ts";
import type { ArchiveEntry } from "../archive.ts";
import type { ContentImage, ImageContent } from "../content.ts";
import { targetName } from "../names.ts";

/** The content of the file `oci-layout`. */
export const OCI_LAYOUT_TEXT = '{"imageLayoutVersion":"1.0.0"}';
/** containerd's and docker's annotation for the whole name. */
export const IMAGE_NAME_ANNOTATION = "io.containerd.image.name";
/** image-spec annotations.md: the tag. */
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

/** A blob as an entry of an archive or a directory. */
export type BlobEntry = Exclude<ArchiveEntry, { readonly kind: "dir" }>;

/** One entry of index.json for each name, or one without a name, which may have a tag. */
export function indexEntries(descriptor: Descriptor, names: readonly string[], tag?: string): Descriptor[] {
  if (names.length === 0) {
    const annotations = tag === undefined ? undefined : sortedAnnotations(descriptor.annotations, { [REF_NAME_ANNOTATION]: tag });
    return [{ ...descriptor, ...given({ annotations: annotations ?? descriptor.annotations }) }];
  }
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

/** What an archive has: an image or index, and its names (canonical texts). */
export interface NamedContent {
  readonly content: ImageContent;
  readonly names: readonly string[];
  /** Of an image without names: a tag of no repository. */
  readonly tag?: string | undefined;
}

/**
 * The text of manifest.json, by which docker before 25, podman and skopeo read archives. It has no place for an index: of several platforms it has the
 * first that fits `platform`.
 */
export function dockerManifestText(items: readonly NamedContent[], platform?: Platform): string {
  const entries = items.flatMap(({ content, names }) => {
    const image = imageFor(content, platform);
    if (image === undefined) return [];
    const tags = names.map((name) => {
      const reference = targetName(name);
      return `${familiarName(reference)}:${reference.tag}`;
    });
    return [{ Config: blobName(image.config), RepoTags: tags.length === 0 ? null : tags, Layers: image.layers.map(blobName) }];
  });
  return JSON.stringify(entries);
}

function imageFor({ images }: ImageContent, platform: Platform | undefined): ContentImage | undefined {
  const ranks = images.map((image) => {
    const rank = platform === undefined || image.platform === undefined ? 0 : platformRank(platform, image.platform);
    return { image, rank: rank ?? Infinity };
  });
  return ranks.toSorted((a, b) => a.rank - b.rank)[0]?.image;
}

/** The entries of an archive: blobs, index.json and, for docker, manifest.json. The blobs of the layers must be in the store. */
export function archiveEntries(
  store: Store,
  items: readonly NamedContent[],
  docker?: { readonly platform?: Platform | undefined },
): { readonly entries: readonly ArchiveEntry[]; readonly totalBytes: number } {
  const blobs = blobEntries(
    store,
    items.map(({ content }) => content),
  );
  const index = items.flatMap(({ content, names, tag }) => indexEntries(content.descriptor, names, tag));
  const text = (name: string, content: string): ArchiveEntry => ({ name, kind: "bytes", bytes: Buffer.from(content, "utf8") });
  const entries = [
    ...foldersOf(blobs).map((folder): ArchiveEntry => ({ name: `${folder}/`, kind: "dir" })),
    ...blobs,
    text("index.json", indexText(index)),
    ...(docker === undefined ? [] : [text("manifest.json", dockerManifestText(items, docker.platform))]),
    text("oci-layout", OCI_LAYOUT_TEXT),
  ];
  return { entries, totalBytes: blobs.reduce((sum, entry) => sum + sizeOfEntry(entry), 0) };
}

/** "blobs/sha256/…". */
function blobName({ digest }: Descriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Every blob once, sorted by name, for an archive or a directory. Those of the layers must be in the store. */
export function blobEntries(store: Store, contents: readonly ImageContent[]): readonly BlobEntry[] {
  const entries = new Map<string, BlobEntry>();
  for (const { bytes, descriptor } of contents.flatMap(({ documents, manifests }) => [...documents, ...manifests])) {
    entries.set(blobName(descriptor), { name: blobName(descriptor), kind: "bytes", bytes });
  }
  const layers = layerEntries(
    store,
    contents.flatMap((content) => content.layers),
  );
  return [...entries.values(), ...layers].toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
