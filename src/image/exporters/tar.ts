/** type=tar: the image's files as one tar. */
import { treePath } from "../../paths.ts";
import { type Entry, treeTar } from "../../tree/index.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { writeDestination } from "./destination.ts";
import { addedTime, timesOf, treesOf } from "./platform-trees.ts";

/** Writes the tar. Throws `EXPORT`. */
export async function exportTar(
  images: readonly BuiltImage[],
  output: Extract<OutputSpec, { type: "tar" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const trees = await treesOf(images, ctx, output);
  const parts = trees.map(({ image, tree, folder }) => ({
    tree,
    ...(folder === undefined ? {} : { folder: folderEntry(folder, addedTime(image)) }),
  }));
  const [first] = images;
  const written = await writeDestination(ctx, output.dest, async (sink) => {
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
    for await (const chunk of treeTar(parts, { signal: ctx.signal, ...(first === undefined ? {} : timesOf(first)) })) {
      await sink.write(chunk);
      progress.add(chunk.byteLength);
    }
    progress.end();
  });
  return { output, names: [], ...written };
}

function folderEntry(name: string, mtimeSec: number): Entry {
  return { path: treePath(name), kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec, mtimeNsec: 0 };
}
