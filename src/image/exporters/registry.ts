/** type=registry: straight to the registries of its names; nothing is named in the local store. */
import { assemble } from "../assemble.ts";
import { attested } from "../attest.ts";
import { exportLayers } from "../layers.ts";
import { pushNames } from "../names.ts";
import { pushAssembled } from "../push-assembled.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";

/** Pushes to every name. Throws `USAGE` without names, `REFERENCE`, and what registries throw. */
export async function exportToRegistry(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "registry" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = pushNames(output.names);
  const layers = await exportLayers(ctx, image.layers, output);
  const mediaTypes = output.ociMediaTypes === false ? "docker" : "oci";
  const assembled = await attested(image, assemble(image, layers, mediaTypes), { names, mediaTypes, ociArtifact: output.ociArtifact });
  await pushAssembled(ctx, assembled, names);
  return { output, descriptor: assembled.descriptor, configDigest: assembled.config.descriptor.digest, names };
}
