/** Opens an image of the local store: for FROM, run, push and inspect. */
import { MAX_CONFIG_BYTES, parseManifestOrIndex, type Platform, platformsOf } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { findImage, type FoundImage } from "./find-image.ts";
import { imageLayers, originOf } from "./image-layer.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";

/**
 * Opens what `image` stands for: see `findImage`. `platform` chooses from an index, unless an ID or digest means one of its images.
 * Throws as `findImage`, and `MANIFEST`, `PLATFORM`.
 */
export async function loadImage(store: Store, image: string, platform: Platform): Promise<OpenedImage> {
  return await loadFound(store, image, await findImage(store, image), platform);
}

/** Opens an image that was found; messages call it `name`. Throws `MANIFEST`, `PLATFORM`, `STORE_CORRUPT`. */
export async function loadFound(
  store: Store,
  name: string,
  found: Pick<FoundImage, "top"> & { readonly platform?: Platform | undefined },
  platform: Platform,
): Promise<OpenedImage> {
  const wanted = found.platform ?? platform;
  const documents = await openDocuments(name, found.top, wanted, ({ digest }) => store.blobs.read(digest, MAX_CONFIG_BYTES));
  const layers = imageLayers(store, documents, {
    name,
    // Throws `BLOB_MISSING` where a layer's blob is gone.
    open: ({ digest }) => store.blobs.open(digest),
    remote: (descriptor) => {
      const origin = originOf(store, descriptor.digest);
      return origin === undefined ? undefined : { descriptor, ...origin };
    },
  });
  return { ...documents, layers };
}

/** Opens the images of all platforms that `image` has, or only that for `platform`. Throws as `loadImage`. */
export async function loadImages(
  store: Store,
  image: string,
  platform: Platform | undefined,
  host: Platform,
): Promise<readonly OpenedImage[]> {
  const found = await findImage(store, image);
  if (platform !== undefined) return [await loadFound(store, image, found, platform)];
  const { top } = found;
  const parsed = parseManifestOrIndex(await store.blobs.read(top.digest, MAX_CONFIG_BYTES), top.mediaType);
  const platforms = parsed.kind === "index" && found.platform === undefined ? platformsOf(parsed.index) : [];
  const opened: OpenedImage[] = [];
  for (const one of platforms.length === 0 ? [host] : platforms) opened.push(await loadFound(store, image, found, one));
  return [...new Map(opened.map((one) => [one.descriptor.digest, one])).values()];
}
