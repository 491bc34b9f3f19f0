/**
 * type=image: the image in the local store under its names, or untagged. Layers of our own stay uncompressed, because nobody reads them over a
 * wire; with `push` they are compressed, so that the store and the registry have one digest.
 */
import type { Descriptor } from "../../oci/index.ts";
import { type AssembledResult, documentsOf } from "../assembled-image.ts";
import { finishedImages, identity, packImages, pushableForms } from "../finish.ts";
import { exportLayers, heldLayers, storedLayers } from "../layers.ts";
import { nameImage } from "../name-image.ts";
import { pushNames, targetNames } from "../names.ts";
import { pushForms } from "../push-forms.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec, KeepOptions } from "../types.ts";
import { exportToRegistry } from "./registry.ts";

/**
 * Writes the blobs, then the names; with `push`, sends it to the registries of its names. What has no tag is kept by its ID. Throws `REFERENCE`, and
 * what registries throw.
 */
export async function exportToStore(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "image" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const { push, pushByDigest = false, store = true } = output;
  if (push && !store) return await exportToRegistry(images, output, ctx);
  const names = push ? pushNames(output.names, output) : targetNames(output.names);
  const isPacked = push || output.compression !== undefined;
  const held = await packImages(images, async (image) =>
    heldLayers(ctx, isPacked ? await exportLayers(ctx, image, output) : await storedLayers(ctx, image)),
  );
  const finish = { output, names, followed: ctx.followed };
  const forms = push ? await pushableForms(held, finish) : { wanted: await finishedImages(held, finish) };
  const named = push && pushByDigest ? [] : names;
  let assembled = forms.wanted;
  if (store) await keep(ctx, assembled, named);
  if (push) assembled = await pushForms(ctx, forms, names, output);
  // The store and the registry have one digest.
  if (store && assembled !== forms.wanted) await keep(ctx, assembled, named);
  return { output, names: names.length === 0 ? danglingNames(output, assembled.descriptor) : names, ...identity(assembled, output) };
}

async function keep({ store }: ExportContext, assembled: AssembledResult, names: readonly string[]): Promise<void> {
  const documents = documentsOf(assembled);
  for (const { bytes } of documents) await store.blobs.put(bytes);
  const layers = assembled.images.flatMap((image) => image.layers);
  const blobs = [...documents, ...layers].map((one) => one.descriptor.digest);
  nameImage(store, { descriptor: assembled.descriptor, blobs }, names);
}

/** "app@sha256:…": as BuildKit calls an image that nobody has named. */
function danglingNames({ danglingNamePrefix: prefix = "" }: KeepOptions, { digest }: Descriptor): string[] {
  return prefix === "" ? [] : [`${prefix}@${digest}`];
}
