/**
 * type=image: the image in the local store under its names, or untagged. Layers of our own stay uncompressed, because nobody reads them over a
 * wire; with `push` they are compressed, so that the store and the registry have one digest.
 */
import { documentsOf } from "../assembled-image.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers, heldLayers, storedLayers } from "../layers.ts";
import { nameImage } from "../name-image.ts";
import { pushNames, targetNames } from "../names.ts";
import { pushContent } from "../push-content.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { contentOf } from "../content.ts";

/** Writes the blobs, then the names; with `push`, sends it to the registries of its names. Throws `REFERENCE`, and what registries throw. */
export async function exportToStore(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "image" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = output.push ? pushNames(output.names) : targetNames(output.names);
  const isPacked = output.push || output.compression !== undefined;
  const held = await packImages(images, async (image) =>
    heldLayers(ctx, isPacked ? await exportLayers(ctx, image, output) : await storedLayers(ctx, image)),
  );
  const assembled = await finishedImages(held, { output, names, followed: ctx.followed });
  const documents = documentsOf(assembled);
  for (const { bytes } of documents) await ctx.store.blobs.put(bytes);
  const layers = assembled.images.flatMap((image) => image.layers);
  const blobs = [...documents, ...layers].map((one) => one.descriptor.digest);
  nameImage(ctx.store, { descriptor: assembled.descriptor, blobs }, names);
  if (output.push) await pushContent(ctx, contentOf(assembled), names);
  return { output, names, ...identity(assembled, output) };
}
