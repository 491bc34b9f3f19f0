/** `build`: a Dockerfile and its context become images, files or a filled cache. `planBuild`: what that would do. */
import { type BuildOptions, type BuildPlan, type BuildResult, planBuildRun, runBuild } from "../build/index.ts";
import { callbackFailed, guardedStdin, guardedStdout } from "./callbacks.ts";
import { BUILD, PLAN_BUILD } from "./options/build.ts";
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

/**
 * Says what `build` would do with these options: which steps have a result, which would run and why, and what would be fetched and sent. No step runs,
 * and no layer is fetched; base images are looked up, and sources of git and http are fetched, as keys need them. Rejects as `build` does before
 * its first step.
 */
export function planBuild(options: BuildOptions): Run<BuildPlan> {
  return startRun(PLAN_BUILD, options, (emit, signal) =>
    planBuildRun({ ...options, stdin: guardedStdin(options.stdin) }, { emit, signal }),
  );
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
