/** type=registry: straight to the registries of its names; nothing is named in the local store. */
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers } from "../layers.ts";
import { pushNames } from "../names.ts";
import { pushContent } from "../push-content.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { contentOf } from "../content.ts";

/** Pushes to every name. Throws `USAGE` without names, `REFERENCE`, and what registries throw. */
export async function exportToRegistry(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "registry" | "image" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const names = pushNames(output.names, output);
  const packed = await packImages(images, (image) => exportLayers(ctx, image, output));
  const assembled = await finishedImages(packed, { output, names, followed: ctx.followed });
  await pushContent(ctx, contentOf(assembled), names, output);
  return { output, names, ...identity(assembled, output) };
}
