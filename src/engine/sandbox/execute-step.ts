/** One step by a runtime, from its start to how it ended; who has asked it to end meanwhile, is answered here. */
import { readFileSync } from "node:fs";
import { entryAt, pathFiles, processPlace, programPaths } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { fromText } from "../../paths.ts";
import { runtimeFailed, startFailed } from "./errors.ts";
import { signalNameOf, type Stopping, type StopRequest } from "./process-control.ts";
import { type Runtime, runtimeFailure } from "./runtime.ts";
import type { stepBundle } from "./step-bundle.ts";
import { inheritedOutput, pipedOutput } from "./step-output.ts";
import type { SandboxResult, SandboxStep } from "./types.ts";
import type { RuntimeExit, StepControl, WorkerClient } from "./worker-client.ts";

const SIGKILL_EXIT = 137;

interface Execution {
  readonly request: Awaited<ReturnType<typeof stepBundle>>;
  readonly worker: WorkerClient;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly running: RunningStep;
}

/** What others may do to a step, from its very beginning. */
export interface RunningStep {
  /** Once its runtime is started. */
  control?: StepControl;
  /** How it is to end, as far as nobody has seen to it. */
  readonly wanted: StopRequest[];
  /** Sees to it. */
  stop?: () => void;
}

/** For steps of builds. */
const GRACE_MS = 3000;

/** Runs it. Throws `RUNTIME`, and the reason of the signal. */
export async function execute(step: SandboxStep, execution: Execution): Promise<SandboxResult> {
  const { request, worker, runtime, signal, running } = execution;
  const oomKillsBefore = countOomKills();
  using cleanup = new DisposableStack();
  const output = cleanup.use(step.output === "inherit" ? inheritedOutput() : pipedOutput(await worker.openPipes(), step.onOutput));
  const stopping: Stopping[] = [];
  const stop = (): void => {
    const { control, wanted } = running;
    if (control !== undefined) for (const how of wanted.splice(0)) stopping.push(cleanup.use(control.stop(how)));
  };
  running.stop = stop;
  const ends = [signal, output.failed];
  const abort = (): void => {
    running.wanted.push({ signal: step.stopSignal ?? "SIGTERM", graceMs: GRACE_MS });
    stop();
  };
  for (const end of ends) end.addEventListener("abort", abort, { once: true });
  cleanup.defer(() => {
    for (const end of ends) end.removeEventListener("abort", abort);
  });
  const stdio = { stdin: step.stdin === "inherit" ? "inherit" : "empty", stdout: output.stdout, stderr: output.stderr } as const;
  const exit = await worker.run({ ...request, ...stdio }, (control) => {
    output.started();
    running.control = control;
    if (ends.some(({ aborted }) => aborted)) abort();
    stop();
  });
  await output.ended;
  for (const end of ends) end.throwIfAborted();
  return resultOf(step, {
    runtime,
    exit: exitAsAsked(runtime, exit, stopping),
    errors: output.errors(),
    oomKilled: countOomKills() > oomKillsBefore,
  });
}

/**
 * What SIGKILL of ours looks like: as the end by the signal that it stood for; and as that of the program, where there was none yet, which runtimes call
 * a failure of their own.
 */
function exitAsAsked(runtime: Runtime, exit: RuntimeExit, stopping: readonly Stopping[]): RuntimeExit {
  if (stopping.length === 0) return exit;
  if (runtimeFailure(runtime, exit, "") !== undefined) return { exitCode: SIGKILL_EXIT, log: "" };
  const standsFor = stopping.find((each) => each.standsFor !== undefined)?.standsFor;
  return standsFor === undefined || exit.exitCode !== SIGKILL_EXIT ? exit : { ...exit, exitCode: 128 + standsFor };
}

interface Ending {
  readonly runtime: Runtime;
  readonly exit: RuntimeExit;
  readonly errors: string;
  readonly oomKilled: boolean;
}

function resultOf(step: SandboxStep, { runtime, exit, errors, oomKilled }: Ending): SandboxResult {
  const failure = runtimeFailure(runtime, exit, errors);
  const exitCode = exit.exitCode ?? 0;
  if (failure !== undefined) {
    if (exit.signal !== undefined) throw runtimeFailed(runtime.name, failure);
    throw startFailed(step.args[0] ?? "", failure, { runtime: runtime.name, exists: programExists(step) });
  }
  const signalName = signalNameOf(exitCode);
  const { guarded } = runtime;
  const { copied } = exit;
  return { exitCode, guarded, ...given({ copied }), oomKilled: oomKilled && exitCode === SIGKILL_EXIT, ...given({ signalName }) };
}

function programExists(step: SandboxStep): boolean {
  const [program = ""] = step.args;
  const files = pathFiles(step.root);
  const place = processPlace({ Env: step.env, WorkingDir: step.cwd });
  return programPaths(fromText(program), place).some((path) => entryAt(files, path) !== undefined);
}

/** Of the whole machine: with the step's own SIGKILL it tells enough, and needs no cgroup. */
function countOomKills(): number {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "latin1"))?.[1] ?? 0);
}
