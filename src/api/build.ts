/** `build`: a Dockerfile and its context become images, files or a filled cache. */
import { type BuildOptions, type BuildResult, runBuild } from "../build/index.ts";
import { callbackFailed, guardedStdin, guardedStdout } from "./callbacks.ts";
import { BUILD } from "./options/build.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/**
 * Builds `options.context`. Starts at once; see `Run`. Rejects with `DecantError` (`DOCKERFILE_*`, `RUN_FAILED`, `COPY_*`, `REGISTRY*`,
 * `STORE*`, `EXPORT`, `USAGE`, `UNSUPPORTED` …) or with the signal's reason.
 */
export function build(options: BuildOptions): Run<BuildResult> {
  return startRun(BUILD, options, (emit, signal) => {
    const { stdin, stdout, onAudit } = options;
    const guarded = { stdin: guardedStdin(stdin), stdout: guardedStdout(stdout), onAudit: guardedOnAudit(onAudit) };
    return runBuild({ ...options, ...guarded }, { emit, signal });
  });
}

function guardedOnAudit(onAudit: BuildOptions["onAudit"]): BuildOptions["onAudit"] {
  if (onAudit === undefined) return undefined;
  return (report, about) => {
    try {
      onAudit(report, about);
    } catch (cause) {
      throw callbackFailed("onAudit", cause);
    }
  };
}
