/** type=local: the image's files in a plain directory, merged into what is there, as buildx does; or instead of what is there (mode=delete). */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, isDecantError } from "../../errors.ts";
import { toText } from "../../paths.ts";
import { startProgress } from "../../transfer.ts";
import { makeUnfinished, removeWhole } from "../../sys/index.ts";
import { unpackTree } from "../../tree/index.ts";
import { writeError } from "../errors.ts";
import { replaceFolder } from "../replace-folder.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { destinationFolder } from "./destination.ts";
import { timesOf, treesOf } from "./platform-trees.ts";

/** Unpacks into `dest`, making it where it is missing. Throws `EXPORT`. */
export async function exportLocal(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "local" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const dest = destinationFolder(ctx, output);
  const trees = await treesOf(images, ctx, output);
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
  const dropped = new Set<string>();
  const unpack = async (root: string, stage?: string): Promise<void> => {
    for (const { image, tree, folder = "" } of trees) {
      const staged = stage === undefined ? {} : { stage: join(stage, folder) };
      const how = { within: root, signal: ctx.signal, onProgress: progress.add, ...timesOf(image), ...staged };
      const names = await unpackTree(tree, join(root, folder), how);
      for (const name of names) dropped.add(toText(name));
    }
    ctx.signal.throwIfAborted();
  };
  try {
    await (output.mode === "delete" || !existsSync(dest) ? replaceFolder(dest, unpack) : mergeInto(dest, unpack));
  } catch (error) {
    // What is full is the destination: the hint of a full store would lead astray.
    const isFull = isDecantError(error, "STORE_FULL") && errnoOf(error.cause) === "ENOSPC";
    throw writeError("unpack the image to", dest, isFull ? error.cause : error);
  }
  progress.end();
  if (dropped.size > 0)
    ctx.emit({
      type: "warning",
      code: "AttributesDropped",
      message: `The file system of "${dest}" does not take ${[...dropped].join(", ")}: files are without these attributes`,
    });
  const [only] = trees;
  return { output, names: [], path: join(dest, trees.length === 1 ? (only?.folder ?? "") : "") };
}

/** All is written before the first file of the folder changes; but for folders with other file systems in them. */
async function mergeInto(dest: string, unpack: (root: string, stage?: string) => Promise<void>): Promise<void> {
  if (!statSync(dest).isDirectory()) return await unpack(dest);
  try {
    using unfinished = makeUnfinished(dest, "folder");
    using _cleanup = { [Symbol.dispose]: () => removeWhole(unfinished.path) };
    await unpack(dest, unfinished.path);
  } catch (error) {
    if (errnoOf(error) !== "EXDEV") throw error;
    await unpack(dest);
  }
}
