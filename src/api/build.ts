/** `build`: a Dockerfile and its context become images, files or a filled cache. */
import { type BuildOptions, type BuildResult, runBuild } from "../build/index.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/**
 * Builds `options.context`. Starts at once; see `Run`. Rejects with `DecantError` (`DOCKERFILE_*`, `RUN_FAILED`, `COPY_*`, `REGISTRY*`,
 * `STORE*`, `EXPORT`, `USAGE`, `UNSUPPORTED` …) or with the signal's reason.
 */
export function build(options: BuildOptions): Run<BuildResult> {
  return startRun(options.signal, (emit, signal) => runBuild(options, { emit, signal }));
}
