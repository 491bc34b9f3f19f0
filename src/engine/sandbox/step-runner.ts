/**
 * Runs the requests of steps where the mounts are: in the worker thread of root, or in the helper process without root. Synchronous file calls only,
 * for the sake of the thread.
 */
import { DecantError } from "../../errors.ts";
import { machineError } from "../../machine-error.ts";
import { createPipe, type ProcessOptions, type RunningProcess } from "../../sys/index.ts";
import { clearBundle, collectChanges, prepareBundle, readLog } from "./bundle.ts";
import type { Failure, RunRequest, StepMessage } from "./worker-protocol.ts";

/** Where steps run. */
interface StepPlace {
  /** Overlay marks are user.* attributes. */
  readonly userXattr: boolean;
  readonly send: (message: StepMessage) => void;
  /** The command line, with what must come before the runtime. */
  readonly argvOf: (request: RunRequest) => readonly string[];
  readonly start: (options: ProcessOptions) => RunningProcess;
  /** More to say of a step that has ended. */
  readonly endOf?: (request: RunRequest) => { readonly standsFor?: number | undefined };
}

/** Prepares a step and starts its runtime; tells how it goes on. Never throws. Gives the pid of the runtime, as this process sees it. */
export function runStep(request: RunRequest, place: StepPlace): number | undefined {
  const { send } = place;
  const failed = (error: unknown): void => send({ type: "failed", request: request.request, failure: clearedFailure(request, error) });
  try {
    prepareBundle(request, place.userXattr);
    const argv = place.argvOf(request);
    using empty = request.stdin === "empty" ? createPipe() : undefined;
    empty?.closeWrite();
    const child = place.start({
      argv,
      env: request.env,
      cwd: request.bundle,
      stdio: { stdin: empty?.read ?? "inherit", stdout: request.stdout, stderr: request.stderr },
      // A terminal's Ctrl-C is for the builder, which then stops its steps.
      ownGroup: request.ownGroup,
    });
    send({ type: "started", request: request.request, pid: child.pid });
    child.exit.then(
      (exit) => {
        try {
          const log = readLog(request);
          const copied = collectChanges(request);
          clearBundle(request);
          send({ type: "ended", request: request.request, log, copied, ...exit, ...place.endOf?.(request) });
        } catch (error) {
          failed(error);
        }
      },
      (error: unknown) => failed(error),
    );
    return child.pid;
  } catch (error) {
    failed(error);
    return undefined;
  }
}

function clearedFailure(request: RunRequest, error: unknown): Failure {
  const failure = failureOf(error);
  try {
    clearBundle(request);
    return failure;
  } catch (cleanup) {
    return { ...failure, details: { ...failure.details, cleanup: failureOf(cleanup).message } };
  }
}

/** An error as data. */
export function failureOf(thrown: unknown): Failure {
  // Only what it says gets out of this process.
  const error = machineError(thrown);
  if (!(error instanceof DecantError)) return { code: "RUNTIME", message: `Cannot prepare the step: ${String(error)}` };
  const { code, message, hint, details } = error;
  return { code, message, details, hint };
}
