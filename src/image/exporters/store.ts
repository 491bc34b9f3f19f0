/**
 * type=image: the image in the local store under its names, or untagged. Layers of our own stay uncompressed, because nobody reads them over a
 * wire; with `push` they are compressed, so that the store and the registry have one digest.
 */
import { AT_ONCE, pool } from "../../async.ts";
import { assemble } from "../assemble.ts";
import { documentsOf } from "../assembled-image.ts";
import { attested } from "../attest.ts";
import { exportLayers, storedLayers } from "../layers.ts";
import { nameImage } from "../name-image.ts";
import { pushNames, targetNames } from "../names.ts";
import { pushAssembled } from "../push-assembled.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";

/** Writes the blobs, then the names; with `push`, sends it to the registries of its names. Throws `REFERENCE`, and what registries throw. */
export async function exportToStore(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "image" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = output.push ? pushNames(output.names) : targetNames(output.names);
  const packed = output.push || output.compression !== undefined;
  const layers = packed ? await exportLayers(ctx, image.layers, output) : await storedLayers(ctx, image.layers);
  const mediaTypes = output.ociMediaTypes === false ? "docker" : "oci";
  const assembled = await attested(image, assemble(image, layers, mediaTypes), { names, mediaTypes, ociArtifact: output.ociArtifact });
  await pool(AT_ONCE, layers, (layer, stop) => layer.ensure(stop), ctx.signal);
  const documents = documentsOf(assembled);
  for (const { bytes } of documents) await ctx.store.blobs.put(bytes);
  const named = {
    descriptor: assembled.descriptor,
    manifest: assembled.manifest.manifest,
    more: documents.map((one) => one.descriptor.digest),
  };
  nameImage(ctx.store, named, names);
  if (output.push) await pushAssembled(ctx, assembled, names);
  return { output, descriptor: assembled.descriptor, configDigest: assembled.config.descriptor.digest, names };
}
