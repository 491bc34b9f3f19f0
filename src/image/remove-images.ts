/** Removes images from the local store: names, and images by ID or digest. Their blobs go with the next prune. */
import { formatFamiliar, parseReference } from "../oci/index.ts";
import { isDecantError, usageError } from "../errors.ts";
import type { Store } from "../store/index.ts";
import { findImage, type FoundImage, imageNotFound } from "./find-image.ts";
import { forgetImage } from "./name-image.ts";

/**
 * Takes names away; an ID or digest takes the image with its name. Nothing is removed when one of `images` cannot be. Gives what went: canonical
 * names, and digests of images without a name. Throws `IMAGE_NOT_FOUND` unless `force`, and `USAGE` for the ID of an image with several names
 * unless `force`.
 */
export async function removeImages(
  store: Store,
  images: readonly string[],
  { force = false }: { readonly force?: boolean | undefined },
): Promise<string[]> {
  const doomed: FoundImage[] = [];
  for (const text of images) {
    const found = await findUnless(store, text, force);
    if (found === undefined) continue;
    if (found.names.length > 1 && !force) throw severalNames(text, found.names);
    doomed.push(found);
  }
  const removed = new Set<string>();
  for (const { top, names } of doomed) {
    forgetImage(store, top.digest, names);
    for (const name of names.length === 0 ? [top.digest] : names) removed.add(name);
  }
  return [...removed];
}

async function findUnless(store: Store, text: string, force: boolean): Promise<FoundImage | undefined> {
  try {
    const found = await findImage(store, text);
    // A manifest of the cache is no image that could be removed, nor is one of another repository.
    if (!found.isImage || (found.name !== undefined && found.names.length === 0)) throw imageNotFound(store, text);
    return found;
  } catch (error) {
    if (force && isDecantError(error, "IMAGE_NOT_FOUND")) return undefined;
    throw error;
  }
}

function severalNames(text: string, names: readonly string[]): Error {
  const told = names.map((name) => formatFamiliar(parseReference(name)));
  return usageError(
    `Cannot remove image "${text}": it has several names: ${told.join(", ")}`,
    "Name one of them, or use --force to remove all",
  );
}
