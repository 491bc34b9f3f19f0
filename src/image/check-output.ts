/** What can be said of an output before anything is built: a build must not fail at its end for what was known at its beginning. */
import { usageError } from "../errors.ts";
import { compressionLevel } from "../tree/index.ts";
import { checkAttached } from "./attest.ts";
import { mediaTypesOf } from "./finish.ts";
import { pushNames, targetNames } from "./names.ts";
import { checkOutputFile, checkOutputFolder } from "./output-file.ts";
import { destinationPath } from "./exporters/destination.ts";
import type { BuiltImage, ExportContext, OutputSpec } from "./types.ts";

/** What is known of an image before it is built. */
interface PlannedImage extends Pick<BuiltImage, "annotations" | "inIndex"> {
  readonly attestations?: readonly unknown[];
}

type PlannedExport = Pick<ExportContext, "cwd" | "stdout" | "followed" | "signal">;

/**
 * Checks names, destination and options of `output`, and whether it has a place for what is said of the image. Leaves no trace. Throws `REFERENCE`,
 * `USAGE`, `EXPORT`.
 */
export async function checkOutput(image: PlannedImage, output: OutputSpec, context: PlannedExport): Promise<void> {
  if ("names" in output) checkNames(output);
  switch (output.type) {
    case "image":
    case "registry":
      checkImage(image, output, context);
      return;
    case "docker":
      if (image.inIndex === true) throw noPlaceForIndex();
      checkImage(image, output, context);
      return await checkFile(output.dest, context);
    case "oci":
      checkImage(image, output, context);
      return output.tar ? await checkFile(output.dest, context) : await checkFolder(output, context);
    case "local":
      return await checkFolder(output, context);
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
  if (isPushed) pushNames(output.names);
  else targetNames(output.names);
}

type ImageOutput = Extract<OutputSpec, { readonly type: "image" | "registry" | "docker" | "oci" }>;

function checkImage(image: PlannedImage, output: ImageOutput, { followed }: PlannedExport): void {
  const { compression, level } = output;
  checkAttached(image, mediaTypesOf((image.attestations ?? []).length > 0, output, followed));
  if (compression !== "uncompressed") compressionLevel(compression ?? "gzip", level);
}

async function checkFile(dest: string, context: PlannedExport): Promise<void> {
  if (dest === "") throw usageError("Cannot write an output: its dest is empty; wanted a path or -");
  if (dest !== "-") return await checkOutputFile(destinationPath(context, dest), context.signal);
  if (context.stdout === undefined) throw usageError('Cannot write to dest "-": there is no stdout', "Give a file name, or pass stdout");
}

async function checkFolder({ type, dest }: { readonly type: string; readonly dest: string }, context: PlannedExport): Promise<void> {
  if (dest !== "" && dest !== "-") return await checkOutputFolder(destinationPath(context, dest));
  const hint = type === "local" ? "Use type=tar,dest=- for stdout" : "Use tar=true,dest=- for stdout";
  const what = type === "local" ? "type=local" : `type=${type},tar=false`;
  throw usageError(`Cannot write to dest "${dest}": ${what} writes a directory; wanted its path`, hint);
}

function noPlaceForIndex(): Error {
  return usageError(
    "Cannot write a docker archive of an index: it has no place for one (docker exporter does not currently support exporting manifest lists)",
    "Use --output type=oci, or build one platform without BUILDKIT_MULTI_PLATFORM",
  );
}
