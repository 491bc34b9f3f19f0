/** The content of `--metadata-file` and `--iidfile`, with the keys that buildx writes (feature F120). */
import { given } from "../given.ts";
import type { ExportResult } from "./types.ts";

/** The metadata of a build's outputs; the first image output decides. `buildRef` is written where the caller has one. */
export function metadataOf(
  results: readonly ExportResult[],
  options: { readonly buildRef?: string } = {},
): Readonly<Record<string, unknown>> {
  const image = results.find((result) => result.descriptor !== undefined);
  const names = [...new Set(results.flatMap((result) => result.names))];
  return {
    ...given({ "buildx.build.ref": options.buildRef }),
    ...(image?.configDigest === undefined ? {} : { "containerimage.config.digest": image.configDigest }),
    ...(image?.descriptor === undefined
      ? {}
      : { "containerimage.descriptor": image.descriptor, "containerimage.digest": image.descriptor.digest }),
    ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
  };
}
