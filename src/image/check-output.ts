/** What can be said of an output before anything is built: a build must not fail at its end for what was known at its beginning. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { usageError } from "../errors.ts";
import { compressionLevel } from "../tree/index.ts";
import { pushNames, targetNames } from "./names.ts";
import { checkOutputFile, checkOutputFolder } from "./output-file.ts";
import { type ImageOutput, outputForm, type PlannedImage } from "./output-form.ts";
import { destinationFolder, destinationPath } from "./exporters/destination.ts";
import { findLoadPlace } from "./exporters/load-place.ts";
import type { DockerOutput, ExportContext, OutputSpec } from "./types.ts";

interface PlannedExport extends Pick<ExportContext, "cwd" | "stdout" | "followed" | "env" | "signal"> {
  /** Outputs may delete what is outside of the working directory. Default false. */
  readonly mayDelete?: boolean | undefined;
}

/**
 * Checks names, destination and options of `output`, and whether it has a place for what is said of the images (one for each platform). Leaves no
 * trace. Throws `REFERENCE`, `USAGE`, `EXPORT`, `CONFIG_FILE`.
 */
export async function checkOutput(images: readonly PlannedImage[], output: OutputSpec, context: PlannedExport): Promise<void> {
  if ("names" in output) checkNames(output);
  switch (output.type) {
    case "image":
    case "registry":
      checkImage(images, output, context);
      return;
    case "docker":
      return await checkDocker(images, output, context);
    case "oci":
      checkImage(images, output, context);
      return output.tar ? await checkFile(output.dest, context) : await checkOutputFolder(destinationFolder(context, output));
    case "local":
      if (output.mode === "delete") checkDeletion(output, context);
      return await checkOutputFolder(destinationFolder(context, output));
    case "tar":
      return await checkFile(output.dest, context);
    case "cacheonly":
      return;
    default:
      output satisfies never;
  }
}

function checkNames(output: Extract<OutputSpec, { readonly names: readonly string[] }>): void {
  const isPushed = output.type === "registry" || (output.type === "image" && output.push);
  if (isPushed) pushNames(output.names, output);
  else targetNames(output.names);
}

function checkImage(images: readonly PlannedImage[], output: ImageOutput, { followed }: PlannedExport): void {
  const { compression, level } = output;
  outputForm(images, output, followed);
  if (compression !== "uncompressed") compressionLevel(compression === "zstd" ? "zstd" : "gzip", level);
}

async function checkDocker(images: readonly PlannedImage[], output: DockerOutput, context: PlannedExport): Promise<void> {
  const { dest, tar = true, into, context: dockerContext } = output;
  if (dest !== undefined) {
    if (into !== undefined || dockerContext !== undefined)
      throw usageError("Cannot write an archive into a daemon: wanted a dest, or a daemon", "Leave one of the two out");
    checkImage(images, output, context);
    return tar ? await checkFile(dest, context) : await checkOutputFolder(destinationFolder(context, { type: output.type, dest }));
  }
  if (!tar) throw usageError("Cannot use --output type=docker,tar=false: it has no dest; wanted dest=FOLDER");
  const place = await findLoadPlace(output, context);
  // A daemon gets one image alone. What only an index has is left out with it, but an image without one has no place for it.
  const isPart = images.length > 1 || images.some(({ inIndex, attestations = [] }) => inIndex === true || attestations.length > 0);
  const alone = isPart ? [{}] : images.map(({ annotations }) => ({ annotations }));
  checkImage(place.daemon === undefined ? images : alone, { ...output, type: "image" }, context);
  place.daemon?.[Symbol.dispose]();
}

/** As buildx: without leave, only below the working directory is anything deleted. */
function checkDeletion({ dest }: { readonly dest: string }, context: PlannedExport): void {
  if (context.mayDelete === true) return;
  const inside = relative(realPath(destinationPath(context, ".")), realPath(destinationPath(context, dest)));
  if (inside !== "" && !/^\.\.(?:\/|$)/.test(inside)) return;
  throw usageError(
    `Cannot replace folder "${dest}" (mode=delete): it is not below the working directory`,
    "Pass --allow buildx.local.delete if all that it holds may be deleted",
  );
}

/** With the links of the part that is there followed. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}

async function checkFile(dest: string, context: PlannedExport): Promise<void> {
  if (dest === "") throw usageError("Cannot write an output: its dest is empty; wanted a path or -");
  if (dest !== "-") return await checkOutputFile(destinationPath(context, dest), context.signal);
  if (context.stdout === undefined) throw usageError('Cannot write to dest "-": there is no stdout', "Give a file name, or pass stdout");
}
