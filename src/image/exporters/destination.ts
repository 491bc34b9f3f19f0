/** Opens the destination of an archive: a file that appears when it is complete, or the caller's stdout for "-". */
import { usageError } from "../../errors.ts";
import { type ByteSink, createOutputFile, streamSink } from "../output-file.ts";
import type { ExportContext } from "../types.ts";

/** Runs `write` with a sink for `dest`; what it wrote counts only when it returns. Gives the absolute path of a file. */
export async function writeDestination(
  ctx: ExportContext,
  dest: string,
  write: (sink: ByteSink) => Promise<void>,
): Promise<{ readonly path?: string }> {
  if (dest === "-") {
    if (ctx.stdout === undefined) throw usageError('Cannot write to dest "-": there is no stdout', "Give a file name, or pass stdout");
    await write(streamSink(ctx.stdout, ctx.signal));
    return {};
  }
  if (dest === "") throw usageError("Cannot write an output: its dest is empty; wanted a path or -");
  await using file = await createOutputFile(dest, ctx.signal);
  await write(file);
  ctx.signal.throwIfAborted();
  await file.commit();
  return { path: file.path };
}
