/** type=local: the image's files in a plain directory, merged into what is there, as buildx does. */
import { resolve } from "node:path";
import { isDecantError, usageError } from "../../errors.ts";
import { toText } from "../../paths.ts";
import { startProgress } from "../../transfer.ts";
import { unpackTree } from "../../tree/index.ts";
import { writeError } from "../errors.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { timesOf, treesOf } from "./platform-trees.ts";

/** Unpacks into `dest`, making it where it is missing. Throws `EXPORT`. */
export async function exportLocal(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "local" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  if (output.dest === "" || output.dest === "-") {
    throw usageError(
      `Cannot unpack to dest "${output.dest}": type=local writes a directory; wanted its path`,
      "Use type=tar,dest=- for stdout",
    );
  }
  const trees = await treesOf(images, ctx, output);
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
  const dropped = new Set<string>();
  for (const { image, tree, folder } of trees) {
    const path = resolve(output.dest, folder ?? "");
    try {
      const names = await unpackTree(tree, path, { signal: ctx.signal, onProgress: progress.add, ...timesOf(image) });
      for (const name of names) dropped.add(toText(name));
    } catch (error) {
      // What is full is the destination: the hint of a full store would lead astray.
      throw writeError("unpack the image to", path, isDecantError(error, "STORE_FULL") ? error.cause : error);
    }
  }
  progress.end();
  if (dropped.size > 0)
    ctx.emit({
      type: "warning",
      code: "AttributesDropped",
      message: `The file system of "${resolve(output.dest)}" does not take ${[...dropped].join(", ")}: files are without these attributes`,
    });
  const [only] = trees;
  return { output, names: [], path: resolve(output.dest, trees.length === 1 ? (only?.folder ?? "") : "") };
}
