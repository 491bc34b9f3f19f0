/** type=tar: the image's files as one tar. */
import { treeTar } from "../../tree/index.ts";
import { startProgress } from "../progress.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { writeDestination } from "./destination.ts";
import { treeOf } from "./local.ts";

/** Writes the tar. Throws `EXPORT`. */
export async function exportTar(
  image: BuiltImage,
  output: Extract<OutputSpec, { type: "tar" }>,
  ctx: ExportContext,
): Promise<ExportResult> {
  const tree = await treeOf(image, ctx);
  const written = await writeDestination(ctx, output.dest, async (sink) => {
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write" });
    for await (const chunk of treeTar(tree, { signal: ctx.signal })) {
      await sink.write(chunk);
      progress.add(chunk.byteLength);
    }
    progress.end();
  });
  return { output, names: [], ...written };
}
