/** The images of the local store, as a list. */
import { AT_ONCE, pool } from "../async.ts";
import { openSession } from "../context/index.ts";
import { isDecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import { findImage, imageFilter, loadFound, type OpenedImage, type StoredImage, storedImages, unpackedSize } from "../image/index.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { LIST } from "./options/images.ts";
import { checkOptions } from "./options/shape.ts";
import type { ImageSummary, ListImagesOptions } from "./types.ts";

/**
 * Every image of the store, or those that the options ask for, sorted by name: once for each of its names, those without a name last. Images whose
 * blobs are gone are left out. Throws `USAGE` for a malformed pattern, `IMAGE_NOT_FOUND` for `before` and `since`.
 */
export async function listImages(options: ListImagesOptions = {}): Promise<ImageSummary[]> {
  checkOptions(LIST, options);
  await using session = await openSession(options, "look");
  const { store, platform } = session;
  const { signal } = options;
  const fits = imageFilter(options);
  const before = await createdOf(store, options.before, platform);
  const since = await createdOf(store, options.since, platform);
  const images = await storedImages(store, signal);
  const one = async (stored: StoredImage): Promise<ImageSummary[]> => {
    const image = await opened(store, stored, platform);
    if (image === undefined) return [];
    const time = Date.parse(image.config.created ?? "");
    if ((before !== undefined && !(time < before)) || (since !== undefined && !(time > since))) return [];
    const names = stored.names.length === 0 ? [undefined] : stored.names;
    const wanted = names.filter((name) => fits({ name, config: image.config }));
    if (wanted.length === 0) return [];
    const summary = await summaryOf(store, image, signal);
    return wanted.map((name) => ({ ...given({ name }), ...summary }));
  };
  const found = (await pool(AT_ONCE, images, one, signal)).flat();
  const rank = ({ name = "" }: ImageSummary): string => (name === "" ? "1" : `0${name}`);
  return found.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** The summary of an opened image, but for its name. */
export async function summaryOf(
  store: Store,
  { config, manifest, descriptor, layers }: OpenedImage,
  signal?: AbortSignal,
): Promise<Omit<ImageSummary, "name">> {
  const sizeBytes = await unpackedSize(store, layers, signal);
  return {
    digest: descriptor.digest,
    configDigest: manifest.config.digest,
    platform: formatPlatform(config),
    ...given({ created: config.created, sizeBytes }),
  };
}

async function opened(store: Store, { id, manifest, names, platform }: StoredImage, host: Platform): Promise<OpenedImage | undefined> {
  try {
    return await loadFound(store, names[0] ?? id, { top: manifest, platform }, host);
  } catch (error) {
    if (isDecantError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}

/** When an image was made, in milliseconds. Throws `IMAGE_NOT_FOUND`, `USAGE`. */
async function createdOf(store: Store, image: string | undefined, platform: Platform): Promise<number | undefined> {
  if (image === undefined) return undefined;
  const { config } = await loadFound(store, image, await findImage(store, image), platform);
  const time = Date.parse(config.created ?? "");
  if (Number.isNaN(time)) throw usageError(`Cannot compare with image "${image}": it does not say when it was made`);
  return time;
}
