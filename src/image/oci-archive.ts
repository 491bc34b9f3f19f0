/** An image of a layout in a tar (`decant build -o type=oci`, `docker save` of Docker 25 and newer): its blobs go to the store, each checked. */
import type { ByteStream } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { type Descriptor, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OCI_INDEX, type Platform, parseManifestOrIndex } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { type ArchiveFiles, tarFiles } from "./archive-files.ts";
import { dockerTops, imageName, readDockerManifest } from "./docker-archive.ts";
import { imageLayers } from "./image-layer.ts";
import { selectImage } from "./oci-layout.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";

/** What an archive is opened with. */
interface OciArchiveOptions {
  /** For messages: "oci:app.tar". */
  readonly name: string;
  /** A tag, a digest, or absent: "latest", else the only image there is. */
  readonly selector: string | undefined;
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/** Reads the whole archive, plain or compressed, once. Throws `TAR`, `BLOB_*`, `IMAGE_NOT_FOUND`, `MANIFEST`, `PLATFORM`, `STORE_FULL`. */
export async function openOciArchive(store: Store, tar: ByteStream, options: OciArchiveOptions): Promise<OpenedImage> {
  const { name, selector, platform, signal } = options;
  const files = await tarFiles(store, tar, name, signal);
  const bytes = await files.read("index.json", MAX_MANIFEST_BYTES);
  const top = bytes === undefined ? await dockerTop(store, files, selector) : await layoutTop(store, name, bytes, selector);
  const documents = await openDocuments(name, top, platform, ({ digest }) => store.blobs.read(digest, MAX_CONFIG_BYTES));
  const layers = imageLayers(store, documents, { name, open: ({ digest }) => store.blobs.open(digest), remote: () => undefined });
  return { ...documents, layers };
}

async function layoutTop(store: Store, name: string, bytes: Buffer, selector: string | undefined): Promise<Descriptor> {
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot use "${name}": its index.json is no index`);
  return await selectImage(name, parsed.index, selector, async (digest) => store.blobs.size(digest));
}

/** `selector`: a tag, or a name with one; absent for the only image. */
async function dockerTop(store: Store, files: ArchiveFiles, selector: string | undefined): Promise<Descriptor> {
  const tops = await dockerTops(store, files, await readDockerManifest(files));
  const [only, second] = tops;
  const fits = (known: string): boolean => selector !== undefined && (known === imageName(selector) || known.endsWith(`:${selector}`));
  const found = selector === undefined && second === undefined ? only : tops.find(({ names }) => names.some(fits));
  if (found !== undefined) return found.descriptor;
  throw new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${selector ?? ""}" in "${files.name}"`, {
    hint: `Its images are: ${tops.flatMap(({ names }) => names).join(", ")}`,
  });
}
