/** --iidfile and --metadata-file. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { BuildResult } from "../index.ts";

/** Writes the files that are wanted; relative ones are in `cwd`. Throws `USAGE`, `EXPORT`. */
export async function writeBuildFiles(
  result: BuildResult,
  files: { readonly iidFile: string | undefined; readonly metadataFile: string | undefined; readonly cwd: string },
): Promise<void> {
  if (files.iidFile !== undefined) {
    if (result.imageId === undefined)
      throw usageError("Cannot write the image ID: the build has no image among its outputs", "Leave --iidfile out, or add --tag NAME");
    await write(resolve(files.cwd, files.iidFile), result.imageId);
  }
  if (files.metadataFile !== undefined)
    await write(resolve(files.cwd, files.metadataFile), `${JSON.stringify(metadataOf(result), undefined, 2)}\n`);
}

/** The keys of buildx. */
function metadataOf(result: BuildResult): Record<string, unknown> {
  const names = result.outputs.flatMap((output) => output.names);
  const descriptor = result.outputs.find((output) => output.descriptor !== undefined)?.descriptor;
  return {
    "buildx.build.ref": result.buildId,
    ...given({ "containerimage.config.digest": result.configDigest }),
    ...(descriptor === undefined ? {} : { "containerimage.descriptor": descriptor, "containerimage.digest": descriptor.digest }),
    ...(names.length === 0 ? {} : { "image.name": [...new Set(names)].join(",") }),
  };
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new DecantError("EXPORT", `Cannot write "${path}"`, { cause });
  }
}
