/** The exporters behind one function: what a build gives, to where its caller wants it. */
import { InternalError } from "../errors.ts";
import { given } from "../given.ts";
import { checkOutput } from "./check-output.ts";
import { exportLayout } from "./exporters/layout-archive.ts";
import { exportLocal } from "./exporters/local.ts";
import { exportToRegistry } from "./exporters/registry.ts";
import { exportToStore } from "./exporters/store.ts";
import { exportTar } from "./exporters/tar.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "./types.ts";

/**
 * Writes `images` (one for each platform) to `output` and tells what was written. Nothing half-written is left when it
 * fails or is aborted, but a directory of type=local. Throws `EXPORT`, `REFERENCE`, `USAGE`, what registries and the store throw, and the signal's reason.
 */
export async function exportImage(images: readonly BuiltImage[], output: OutputSpec, ctx: ExportContext): Promise<ExportResult> {
  ctx.signal.throwIfAborted();
  if (images.length === 0) throw new InternalError("there is no image to export");
  for (const image of images) await checkOutput({ ...image, inIndex: image.inIndex ?? images.length > 1 }, output, ctx);
  const result = await exporterOf(images, output, ctx);
  const digest = result.descriptor?.digest;
  // What the store keeps without a name is found by its ID.
  const names = output.type === "image" && result.names.length === 0 && result.imageId !== undefined ? [result.imageId] : result.names;
  for (const name of names) ctx.emit({ type: "result", kind: "image", name, ...given({ digest }) });
  if (result.path !== undefined) {
    ctx.emit({ type: "result", kind: "file", name: result.path, ...given({ digest }) });
  }
  return result;
}

function exporterOf(images: readonly BuiltImage[], output: OutputSpec, ctx: ExportContext): Promise<ExportResult> {
  switch (output.type) {
    case "image":
      return exportToStore(images, output, ctx);
    case "oci":
    case "docker":
      return exportLayout(images, output, ctx);
    case "registry":
      return exportToRegistry(images, output, ctx);
    case "local":
      return exportLocal(images, output, ctx);
    case "tar":
      return exportTar(images, output, ctx);
    case "cacheonly":
      // The layers are in the cache already: that is all this output wants.
      return Promise.resolve({ output, names: [] });
    default:
      return output satisfies never;
  }
}
