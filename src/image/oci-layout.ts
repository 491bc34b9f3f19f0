/** An image of an OCI layout directory (image-spec image-layout.md), for named contexts: documents are read and checked here, layers when needed. */
import type { ByteStream } from "../bytes.ts";
import { algorithmOf, type Digest, hexOf, isDigest, verified } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { type Descriptor, type Index, MAX_CONFIG_BYTES, OCI_INDEX, type Platform, parseManifestOrIndex } from "../oci/index.ts";
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
  const name = `oci-layout://${path}`;
  const bytes = await readBounded({ path: "index.json", within: path }, MAX_INDEX_BYTES, name);
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot use "${name}": its index.json is no index`);
  const top = await selectImage(name, parsed.index, selector, async (digest) => sizeOfFile(fileOf(path, digest), name));
  const documents = await openDocuments(name, top, platform, async (descriptor) => {
    const data = await readBounded(fileOf(path, descriptor.digest), MAX_CONFIG_BYTES, name);
    for await (const _ of verified(once(data), descriptor));
    return data;
  });
  const layers = imageLayers(store, documents, {
    name,
    open: (descriptor) => readBlob(fileOf(path, descriptor.digest), name),
    remote: () => undefined,
  });
  return { ...documents, layers };
}

/** The descriptor of a layout's image: see `openOciLayout`. `sizeOf` tells of digests that the index does not list. Throws `IMAGE_NOT_FOUND`. */
export async function selectImage(
  name: string,
  { manifests }: Index,
  selector: string | undefined,
  sizeOf: (digest: Digest) => Promise<number | undefined>,
): Promise<Descriptor> {
  const tags = manifests.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  if (selector !== undefined && isDigest(selector)) {
    const listed = manifests.find(({ digest }) => digest === selector);
    if (listed !== undefined) return listed;
    const size = await sizeOf(selector);
    if (size !== undefined) return { mediaType: "", digest: selector, size };
  }
  const wanted = selector ?? "latest";
  const found = manifests.find(({ annotations }) => {
    const tag = annotations?.[REF_NAME];
    return tag === wanted || tag?.endsWith(`:${wanted}`) === true;
  });
  const [only, second] = manifests;
  if (found !== undefined) return found;
  if (selector === undefined && only !== undefined && second === undefined) return only;
  throw new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${wanted}" in "${name}"`, {
    hint: tags.length === 0 ? "Name it by its digest: oci-layout://PATH@sha256:…" : `Its images are: ${tags.join(", ")}`,
  });
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
