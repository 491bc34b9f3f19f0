/** An image of a layout in a tar (`decant build -o type=oci`, `docker save` of Docker 25 and newer): its blobs go to the store, each checked. */
import type { ByteStream } from "../bytes.ts";
import { isDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { MAX_CONFIG_BYTES, OCI_INDEX, type Platform, parseManifestOrIndex } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { decompress, readTar } from "../tree/index.ts";
import { imageLayers } from "./image-layer.ts";
import { selectImage } from "./oci-layout.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";

const MAX_INDEX_BYTES = 4 * 1024 * 1024;
const BLOB = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/;

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
  const bytes = await storeBlobs(store, tar, name, signal);
  if (bytes === undefined) {
    throw new DecantError("MANIFEST", `Cannot use "${name}": it has no index.json`, {
      hint: "Archives of Docker before version 25 have none: load it there and save it with a newer one, or push it to a registry",
    });
  }
  const parsed = parseManifestOrIndex(bytes, OCI_INDEX);
  if (parsed.kind !== "index") throw new DecantError("MANIFEST", `Cannot use "${name}": its index.json is no index`);
  const top = await selectImage(name, parsed.index, selector, async (digest) => store.blobs.size(digest));
  const documents = await openDocuments(name, top, platform, ({ digest }) => store.blobs.read(digest, MAX_CONFIG_BYTES));
  const layers = imageLayers(store, documents, { name, open: ({ digest }) => store.blobs.open(digest), remote: () => undefined });
  return { ...documents, layers };
}

/** Gives index.json. What is no part of a layout is passed over. */
async function storeBlobs(store: Store, tar: ByteStream, name: string, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
  let index: Buffer | undefined;
  for await (const { entry, data } of readTar(decompress(tar), { signal })) {
    if (entry.kind !== "file") continue;
    if (entry.path === "index.json") {
      if (entry.size > MAX_INDEX_BYTES) throw new DecantError("BLOB_SIZE", `Cannot use "${name}": its index.json has ${entry.size} bytes`);
      index = Buffer.concat(await Array.fromAsync(data));
      continue;
    }
    const [, algorithm = "", hex = ""] = BLOB.exec(entry.path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (isDigest(digest)) await store.blobs.write(data, { digest, size: entry.size });
  }
  return index;
}
