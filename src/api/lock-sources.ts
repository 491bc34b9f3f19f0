/** `lockSources`: what the sources of a Dockerfile are now, written beside it; what moved is told. */
import { lockSources as lock, type LockSourcesOptions, type LockSourcesResult } from "../build/index.ts";
import { guardedStdin } from "./callbacks.ts";
import { LOCK_SOURCES } from "./options/build.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/**
 * Looks every base, URL and git reference of all stages up, and writes `decant.lock` beside the Dockerfile for builds with `locked`. Rejects with
 * `LOCK`, `EXPORT`, `DOCKERFILE_*`, and what fetching throws.
 */
export function lockSources(options: LockSourcesOptions): Run<LockSourcesResult> {
  return startRun(LOCK_SOURCES, options, (emit, signal) => lock({ ...options, stdin: guardedStdin(options.stdin) }, { emit, signal }));
}
