/** type=tar: the image's files as one tar. */
import { treePath } from "../../paths.ts";
import { type Entry, treeTar } from "../../tree/index.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { writeDestination } from "./destination.ts";
import { addedTime, platformFolder, timesOf, treeOf } from "./local.ts";

/** Writes the tar. Throws `EXPORT`. */
export async function exportTar(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "tar" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const tree = await treeOf(image, ctx, output);
  const name = platformFolder(image, output);
  const folder = name === undefined ? {} : { folder: folderEntry(name, addedTime(image)) };
  const written = await writeDestination(ctx, output.dest, async (sink) => {
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
    for await (const chunk of treeTar(tree, { signal: ctx.signal, ...folder, ...timesOf(image) })) {
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
