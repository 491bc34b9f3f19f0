/** What every call takes that looks at a Dockerfile and builds nothing. */
import { type BuildRun, openBuild, type OpenBuildOptions, type OpenedBuild } from "../build/index.ts";
import { guardedStdin } from "./callbacks.ts";
import { noEvents } from "../events.ts";

/** Options of `checkDockerfile`, `outline`, `targets` and `dockerfileGraph`: as those of `build`. */
export interface DockerfileOptions extends OpenBuildOptions {
  /** Default: the host's. */
  readonly platform?: string | undefined;
}

/** Opens the Dockerfile in silence; the store is opened only for what has to be fetched. */
export async function openDockerfile<Options extends DockerfileOptions>(options: Options): Promise<OpenedBuild<Options>> {
  const run: BuildRun = { emit: noEvents, signal: options.signal ?? new AbortController().signal };
  return await openBuild({ ...options, stdin: guardedStdin(options.stdin) }, run);
}
