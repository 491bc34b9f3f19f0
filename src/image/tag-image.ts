/** `decant tag`: more names for an image of the store. */
import { storedContent, contentDigests } from "./content.ts";
import { findImage } from "./find-image.ts";
import { loadFound } from "./load-image.ts";
import { nameImage } from "./name-image.ts";
import { targetNames } from "./names.ts";
import type { Platform } from "../oci/index.ts";
import type { ImageContext } from "./types.ts";

/**
 * Gives `names` to what `image` stands for; one that had another image moves. The ID of one image of several platforms stands for that image alone.
 * Gives the canonical names. Throws `IMAGE_NOT_FOUND`, `REFERENCE`.
 */
export async function tagImage(ctx: ImageContext, image: string, names: readonly string[], host: Platform): Promise<string[]> {
  const canonical = targetNames(names);
  const found = await findImage(ctx.store, image);
  const whole = await storedContent(ctx, found.top);
  const isOne = found.platform !== undefined && whole.images.length > 1;
  const content = isOne ? await storedContent(ctx, (await loadFound(ctx.store, image, found, host)).descriptor) : whole;
  nameImage(ctx.store, { descriptor: content.descriptor, blobs: contentDigests(content) }, canonical);
  return canonical;
}
