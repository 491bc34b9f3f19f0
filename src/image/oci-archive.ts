/** An image of a layout in a tar (`decant build -o type=oci`, `docker save` of Docker 25 and newer): its blobs go to the store, each checked. */
import type { ByteStream } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OCI_INDEX, type Platform, parseManifestOrIndex } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { tarFiles } from "./archive-files.ts";
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
  const bytes = await (await tarFiles(store, tar, name, signal)).read("index.json", MAX_MANIFEST_BYTES);
  if (bytes === undefined) {
    throw new DecantError("MANIFEST", `Cannot use "${name}": it has no index.json`, {
      hint: "Archives of Docker before version 25 have none: run decant load -i FILE, and decant save --format oci-archive",
    });
  }
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot use "${name}": its index.json is no index`);
  const top = await selectImage(name, parsed.index, selector, async (digest) => store.blobs.size(digest));
  const documents = await openDocuments(name, top, platform, ({ digest }) => store.blobs.read(digest, MAX_CONFIG_BYTES));
  const layers = imageLayers(store, documents, { name, open: ({ digest }) => store.blobs.open(digest), remote: () => undefined });
  return { ...documents, layers };
}
