/** Opens an image of the local store: for FROM, run, push and inspect. */
import { type Digest, isDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import {
  type Descriptor,
  formatReference,
  MAX_CONFIG_BYTES,
  parseManifestOrIndex,
  parseReference,
  type Platform,
  platformsOf,
} from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { imageLayers, originOf } from "./image-layer.ts";
import { type OpenedImage, openDocuments } from "./open-image.ts";

/**
 * Opens `image`: a name as people write it, a name@digest, or the digest of a manifest or index in the store. `platform` chooses from
 * an index. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `MANIFEST`, `PLATFORM`, `STORE_CORRUPT`.
 */
export async function loadImage(store: Store, image: string, platform: Platform): Promise<OpenedImage> {
  const top = topDescriptor(store, image);
  const documents = await openDocuments(image, top, platform, ({ digest }) => store.blobs.read(digest, MAX_CONFIG_BYTES));
  const layers = imageLayers(store, documents, {
    name: image,
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
  if (platform !== undefined) return [await loadImage(store, image, platform)];
  const top = topDescriptor(store, image);
  const parsed = parseManifestOrIndex(await store.blobs.read(top.digest, MAX_CONFIG_BYTES), top.mediaType);
  const platforms = parsed.kind === "index" ? platformsOf(parsed.index) : [];
  const opened: OpenedImage[] = [];
  for (const one of platforms.length === 0 ? [host] : platforms) opened.push(await loadImage(store, image, one));
  return [...new Map(opened.map((one) => [one.descriptor.digest, one])).values()];
}

function topDescriptor(store: Store, image: string): Descriptor {
  const digest = isDigest(image) ? image : parseReference(image).digest;
  if (digest !== undefined) return byDigest(store, digest, image);
  const named = store.images.get(formatReference(parseReference(image)));
  if (named === undefined) throw notFound(image);
  return { mediaType: named.mediaType, digest: named.digest, size: named.size };
}

function byDigest(store: Store, digest: Digest, image: string): Descriptor {
  const named = store.images.list().find((known) => known.digest === digest);
  if (named !== undefined) return { mediaType: named.mediaType, digest, size: named.size };
  const size = store.blobs.size(digest);
  if (size === undefined) throw notFound(image);
  // Nobody told the type: the document itself will.
  return { mediaType: "", digest, size };
}

function notFound(image: string): DecantError {
  return new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${image}" in the local store`, {
    hint: `Run "decant images" to see what is there, or "decant pull ${image}" to get it from its registry`,
    details: { image },
  });
}
