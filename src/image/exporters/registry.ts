/** type=registry: straight to the registries of its names; nothing is named in the local store. */
import { identity, packImages, pushableForms } from "../finish.ts";
import { exportLayers } from "../layers.ts";
import { pushNames } from "../names.ts";
import { pushForms } from "../push-forms.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";

/** Pushes to every name. Throws `USAGE` without names, `REFERENCE`, and what registries throw. */
export async function exportToRegistry(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "registry" | "image" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = pushNames(output.names, output);
  const packed = await packImages(images, (image) => exportLayers(ctx, image, output));
  const forms = await pushableForms(packed, { output, names, followed: ctx.followed });
  const assembled = await pushForms(ctx, forms, names, output);
  return { output, names, ...identity(assembled, output) };
}
