/** The exporters behind one function: what a build gives, to where its caller wants it. */
import { InternalError } from "../errors.ts";
import { given } from "../given.ts";
import { exportToDaemon } from "./exporters/daemon.ts";
import { exportLayout } from "./exporters/layout-archive.ts";
import { findLoadPlace } from "./exporters/load-place.ts";
import { exportLocal } from "./exporters/local.ts";
import { exportToRegistry } from "./exporters/registry.ts";
import { exportToStore } from "./exporters/store.ts";
import { exportTar } from "./exporters/tar.ts";
import type { BuiltImage, DockerOutput, ExportContext, ExportResult, OutputSpec } from "./types.ts";

/**
 * Writes `images` (one for each platform) to `output` and tells what was written. Nothing half-written is left when it
 * fails or is aborted, but a directory of type=local. Throws `EXPORT`, `REFERENCE`, `USAGE`, what registries and the store throw, and the signal's reason.
 */
export async function exportImage(images: readonly BuiltImage[], output: OutputSpec, ctx: ExportContext): Promise<ExportResult> {
  ctx.signal.throwIfAborted();
  if (images.length === 0) throw new InternalError("there is no image to export");
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

/** An archive, or by a daemon. */
async function exportForDocker(images: readonly BuiltImage[], output: DockerOutput, ctx: ExportContext): Promise<ExportResult> {
  const { dest } = output;
  if (dest !== undefined) return await exportLayout(images, { ...output, dest }, ctx);
  const { daemon } = ctx.loadPlace ?? (await findLoadPlace(output, ctx));
  if (daemon === undefined) return { ...(await exportToStore(images, { ...output, type: "image", push: false }, ctx)), output };
  using loading = daemon;
  return await exportToDaemon(images, output, loading, ctx);
}

function exporterOf(images: readonly BuiltImage[], output: OutputSpec, ctx: ExportContext): Promise<ExportResult> {
  switch (output.type) {
    case "image":
      return exportToStore(images, output, ctx);
    case "oci":
      return exportLayout(images, output, ctx);
    case "docker":
      return exportForDocker(images, output, ctx);
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
