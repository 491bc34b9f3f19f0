/** An image of an OCI layout directory (image-spec image-layout.md), for named contexts: documents are read and checked here, layers when needed. */
import type { ByteStream } from "../bytes.ts";
import { algorithmOf, type Digest, hexOf, isDigest, verified } from "../digest.ts";
import { DecantError } from "../errors.ts";
import {
  type Descriptor,
  type Index,
  isImageConfig,
  MAX_CONFIG_BYTES,
  OCI_INDEX,
  type Platform,
  parseManifestOrIndex,
} from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { type FilePlace, type FileProblem, openNamedFile, pathOfPlace, readNamedFile } from "../sys/index.ts";
import { imageLayers } from "./image-layer.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const MAX_INDEX_BYTES = 4 * 1024 * 1024;

/**
 * Opens an image of the layout in the folder `path`. `selector` is a tag, a digest, or absent: "latest", else the only image there is.
 * Throws `IMAGE_NOT_FOUND`, `MANIFEST`, `PLATFORM`, `BLOB_*`.
 */
export async function openOciLayout(store: Store, path: string, selector: string | undefined, platform: Platform): Promise<OpenedImage> {
  const layout = layoutAt(path);
  const documents = await openDocuments(layout.name, await layout.top(selector), platform, (descriptor) => layout.read(descriptor));
  return { ...documents, layers: imageLayers(store, documents, { ...layout, remote: () => undefined }) };
}

/** A layout directory, to read from. */
interface Layout {
  /** For messages. */
  readonly name: string;
  /** What its index lists. */
  images(): Promise<readonly Descriptor[]>;
  /** What a tag or digest stands for; see `openOciLayout`. */
  top(selector: string | undefined): Promise<Descriptor>;
  /** A document, verified. Throws `IMAGE_NOT_FOUND`, `MANIFEST`, `BLOB_*`. */
  read(descriptor: Descriptor, maxBytes?: number): Promise<Buffer>;
  /** The bytes of a blob, which whoever takes them verifies. */
  open(descriptor: Descriptor): ByteStream;
  /** Bytes of a blob. Throws `IMAGE_NOT_FOUND`. */
  blobSize(digest: Digest): number;
}

/** Reads the layout in a folder. */
export function layoutAt(path: string): Layout {
  const name = `oci-layout://${path}`;
  const index = async (): Promise<Index> => {
    const bytes = await readBounded({ path: "index.json", within: path }, MAX_INDEX_BYTES, name);
    const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
    if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot use "${name}": its index.json is no index`);
    return parsed.index;
  };
  const layout: Layout = {
    name,
    images: async () => (await index()).manifests,
    top: async (selector) => await selectImage(layout, await index(), selector),
    async read(descriptor, maxBytes = MAX_CONFIG_BYTES) {
      const data = await readBounded(fileOf(path, descriptor.digest), maxBytes, name);
      for await (const _ of verified(once(data), descriptor));
      return data;
    },
    open: (descriptor) => readBlob(fileOf(path, descriptor.digest), name),
    blobSize: (digest) => sizeOfFile(fileOf(path, digest), name),
  };
  return layout;
}

/** Digests of all blobs that the index of a layout leads to, through indexes and manifests. Throws `MANIFEST` for what it cannot read. */
export async function namedBlobs(path: string): Promise<ReadonlySet<string>> {
  const layout = layoutAt(path);
  const found = new Set<string>();
  const follow = async (descriptors: readonly Descriptor[]): Promise<void> => {
    for (const descriptor of descriptors) {
      if (found.has(descriptor.digest)) continue;
      found.add(descriptor.digest);
      const parsed = parseManifestOrIndex(await layout.read(descriptor), descriptor.mediaType);
      if (parsed.kind === "index") await follow(parsed.index.manifests);
      else for (const { digest } of [parsed.manifest.config, ...parsed.manifest.layers]) found.add(digest);
    }
  };
  await follow(await layout.images());
  return found;
}

/** The descriptor of a layout's image: see `openOciLayout`. Signatures and other manifests about images are none. Throws `IMAGE_NOT_FOUND`, `MANIFEST`. */
async function selectImage(layout: Layout, { manifests }: Index, selector: string | undefined): Promise<Descriptor> {
  if (selector !== undefined && isDigest(selector)) {
    const listed = manifests.find(({ digest }) => digest === selector);
    return listed ?? { mediaType: "", digest: selector, size: layout.blobSize(selector) };
  }
  const wanted = selector ?? "latest";
  const found = manifests.find(({ annotations }) => {
    const tag = annotations?.[REF_NAME];
    return tag === wanted || tag?.endsWith(`:${wanted}`) === true;
  });
  if (found !== undefined) return found;
  const [only, second] = selector === undefined ? await imagesOf(layout, manifests) : [];
  if (only !== undefined && second === undefined) return only;
  const tags = manifests.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  throw new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${wanted}" in "${layout.name}"`, {
    hint: tags.length === 0 ? "Name it by its digest: oci-layout://PATH@sha256:…" : `Its images are: ${tags.join(", ")}`,
  });
}

async function imagesOf(layout: Layout, manifests: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const images: Descriptor[] = [];
  for (const descriptor of manifests) {
    const parsed = manifests.length === 1 ? undefined : parseManifestOrIndex(await layout.read(descriptor), descriptor.mediaType);
    if (parsed?.kind !== "manifest" || isImageConfig(parsed.manifest.config.mediaType)) images.push(descriptor);
  }
  return new Map(images.map((image) => [image.digest, image])).values().toArray();
}

function fileOf(path: string, digest: Digest): FilePlace {
  return { path: `blobs/${algorithmOf(digest)}/${hexOf(digest)}`, within: path };
}

function sizeOfFile(place: FilePlace, name: string): number {
  const opened = openNamedFile(place);
  if ("problem" in opened) throw unreadable(place, name, opened);
  using file = opened;
  return file.sizeBytes;
}

async function readBounded(place: FilePlace, maxBytes: number, name: string): Promise<Buffer> {
  const read = await readNamedFile(place, { maxBytes });
  if ("bytes" in read) return read.bytes;
  throw unreadable(place, name, read);
}

/** Whoever imports a layer checks its digest. */
async function* readBlob(place: FilePlace, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  const opened = openNamedFile(place);
  if ("problem" in opened) throw unreadable(place, name, opened);
  yield* opened.chunks();
}

function unreadable(place: FilePlace, name: string, { problem, isMissing }: FileProblem): DecantError {
  const message = `Cannot read "${pathOfPlace(place)}" of "${name}": ${problem}`;
  return new DecantError(isMissing ? "IMAGE_NOT_FOUND" : "MANIFEST", message);
}

async function* once(data: Buffer): ByteStream & AsyncGenerator<Uint8Array, void, undefined> {
  yield data;
}
