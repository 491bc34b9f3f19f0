/** --iidfile and --metadata-file. */
import { resolve } from "node:path";
import { usageError } from "../errors.ts";
import { given } from "../given.ts";
import { checkOutputFile, writeOutputFile } from "../image/index.ts";
import type { BuildOptions, BuildResult, OutputSpec, TargetResult } from "../index.ts";
import type { CliContext } from "./context.ts";

/** What the options say. */
interface BuildFiles {
  readonly iidFile: string | undefined;
  readonly metadataFile: string | undefined;
}

const IMAGES: readonly OutputSpec["type"][] = ["image", "registry", "oci", "docker"];

/** Checks before the build whether the files can be written; relative ones are in the working directory. Throws `USAGE`, `EXPORT`. */
export async function checkBuildFiles(
  files: BuildFiles,
  { outputs = [], targets, allTargets }: Pick<BuildOptions, "outputs" | "targets" | "allTargets">,
  context: Pick<CliContext, "cwd" | "signal">,
): Promise<void> {
  if (files.iidFile !== undefined && (targets !== undefined || allTargets === true))
    throw usageError("Cannot write one image ID: the build has several targets", "Use --metadata-file, which tells of each by its name");
  // Without an output the image goes to the store.
  const hasImage = outputs.length === 0 || outputs.some(({ type }) => IMAGES.includes(type));
  if (files.iidFile !== undefined && !hasImage)
    throw usageError(
      "Cannot write the image ID: the build has no image among its outputs",
      "Leave --iidfile out, or add --output type=image",
    );
  for (const file of [files.iidFile, files.metadataFile])
    if (file !== undefined) await checkOutputFile(resolve(context.cwd, file), context.signal);
}

/** Writes the files that are wanted. Throws `EXPORT`. */
export async function writeBuildFiles(
  result: BuildResult,
  { iidFile, metadataFile }: BuildFiles,
  { cwd, signal }: Pick<CliContext, "cwd" | "signal">,
): Promise<void> {
  if (iidFile !== undefined && result.imageId !== undefined) await writeOutputFile(resolve(cwd, iidFile), result.imageId, signal);
  if (metadataFile !== undefined)
    await writeOutputFile(resolve(cwd, metadataFile), `${JSON.stringify(metadataOf(result), undefined, 2)}\n`, signal);
}

/** How much BUILDX_METADATA_PROVENANCE wants to be told, in buildx's words; undefined for nothing. */
export function metadataProvenanceOf({ BUILDX_METADATA_PROVENANCE: value = "" }: CliContext["env"]): "min" | "max" | undefined {
  if (/^(?:disabled|0|f|false)$/i.test(value)) return undefined;
  return value === "max" ? "max" : "min";
}

/** As buildx writes it; of several targets as its bake does, by their names. */
function metadataOf({ targets, ...result }: BuildResult): Record<string, unknown> {
  if (targets === undefined) return metadataOfOne(result, result.buildId);
  return Object.fromEntries(targets.map(({ target, ...one }) => [target, metadataOfOne(one, result.buildId)]));
}

/** The keys of buildx, in the order that it writes them. */
function metadataOfOne(result: TargetResult, buildId: string): Record<string, unknown> {
  const { provenances = [] } = result;
  const key = (platform: string): string => `buildx.build.provenance${provenances.length === 1 ? "" : `/${platform}`}`;
  const names = result.outputs.flatMap((output) => output.names);
  const descriptor = result.outputs.find((output) => output.descriptor !== undefined)?.descriptor;
  return {
    ...Object.fromEntries(provenances.map(({ platform, predicate }) => [key(platform), predicate])),
    // Builder, node and build: who reads it splits it at the slashes.
    "buildx.build.ref": `decant/decant/${buildId}`,
    ...given({ "containerimage.config.digest": result.configDigest }),
    ...(descriptor === undefined ? {} : { "containerimage.descriptor": descriptor, "containerimage.digest": descriptor.digest }),
    ...(names.length === 0 ? {} : { "image.name": [...new Set(names)].join(",") }),
  };
}
