/** type=local: the image's files in a plain directory, merged into what is there, as buildx does. */
import { resolve } from "node:path";
import { pool } from "../../async.ts";
import { usageError } from "../../errors.ts";
import { type Tree, layerTree, unpackTree } from "../../tree/index.ts";
import { writeError } from "../errors.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";

const PARALLEL_LOADS = 4;

/** Unpacks into `dest`, making it where it is missing. Throws `EXPORT`. */
export async function exportLocal(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "local" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  if (output.dest === "" || output.dest === "-") {
    throw usageError(
      `Cannot unpack to dest "${output.dest}": type=local writes a directory; wanted its path`,
      "Use type=tar,dest=- for stdout",
    );
  }
  const path = resolve(output.dest);
  const tree = await treeOf(image, ctx.signal);
  try {
    await unpackTree(tree, path, { signal: ctx.signal });
  } catch (error) {
    throw writeError("unpack the image to", path, error);
  }
  return { output, names: [], path };
}

/** The merged files of an image; all its layers are loaded. */
export async function treeOf(image: BuiltImage, signal: AbortSignal): Promise<Tree> {
  return layerTree(await pool(PARALLEL_LOADS, image.layers, (layer, stop) => layer.load(stop), signal));
}
