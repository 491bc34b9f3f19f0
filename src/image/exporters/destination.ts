/** Opens the destination of an archive: a file that appears when it is complete, or the caller's stdout for "-". */
import { resolve } from "node:path";
import { usageError } from "../../errors.ts";
import { type ByteSink, createOutputFile, streamSink } from "../output-file.ts";
import type { ExportContext } from "../types.ts";
import { workingDirectory } from "../../working-directory.ts";

/** Where `dest` is. Throws `NOT_FOUND` when it is relative to a working directory that is gone. */
export function destinationPath({ cwd }: Pick<ExportContext, "cwd">, dest: string): string {
  return resolve(cwd ?? (dest.startsWith("/") ? "/" : workingDirectory()), dest);
}

/** The same for an output that writes a directory. Throws `USAGE` where `dest` names none. */
export function destinationFolder(
  ctx: Pick<ExportContext, "cwd">,
  { type, dest }: { readonly type: string; readonly dest: string },
): string {
  if (dest !== "" && dest !== "-") return destinationPath(ctx, dest);
  const hint = type === "local" ? "Use type=tar,dest=- for stdout" : "Use tar=true,dest=- for stdout";
  const what = type === "local" ? "type=local" : `type=${type},tar=false`;
  throw usageError(`Cannot write to dest "${dest}": ${what} writes a directory; wanted its path`, hint);
}

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
  await using file = await createOutputFile(destinationPath(ctx, dest), ctx.signal);
  await write(file);
  ctx.signal.throwIfAborted();
  await file.commit();
  return { path: file.path };
}
