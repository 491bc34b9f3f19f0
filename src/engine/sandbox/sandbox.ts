/**
 * Runs RUN steps: one overlay and one OCI runtime each (decisions 5 and 6). The mounts are private to a worker thread and vanish with this
 * process, and so do the steps' processes, whatever happens to it.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { allSettledOf } from "../../async.ts";
import { sha256 } from "../../digest.ts";
import { usageError } from "../../errors.ts";
import { entryAt, pathFiles, processPlace, programPaths } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { fromText } from "../../paths.ts";
import { cgroupFolder } from "./cgroup.ts";
import { runtimeFailed, startFailed } from "./errors.ts";
import { createInstance, type Instance } from "./instance.ts";
import { signalNameOf, signalStep, stopStep } from "./process-control.ts";
import { chooseRuntime, findRuntimes, type Runtime, runtimeFailure, type Trial } from "./runtime.ts";
import { seccompProfile } from "./seccomp.ts";
import { type BundlePlace, DEVICES_OPEN, probeBundle, stepBundle } from "./step-bundle.ts";
import { inheritedOutput, pipedOutput } from "./step-output.ts";
import type { Sandbox, SandboxOptions, SandboxResult, SandboxStep } from "./types.ts";
import { type RuntimeExit, startWorker, type WorkerClient } from "./worker-client.ts";

interface Prepared {
  readonly instance: Instance;
  readonly privateDir: string;
  readonly worker: WorkerClient;
  readonly runtime: Runtime;
}

const SIGKILL_EXIT = 137;

/** Makes a sandbox. Nothing is started before `prepare` or the first `run`. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const stateDir = resolve(options.stateDir);
  const closing = new AbortController();
  const resources = new AsyncDisposableStack();
  const running = new Set<Promise<unknown>>();
  const pids = new Map<string, number>();
  let prepared: Promise<Prepared> | undefined;
  let last = 0;

  const place = ({ instance, privateDir }: Pick<Prepared, "instance" | "privateDir">, runtime: Runtime): BundlePlace => {
    last += 1;
    const work = `${instance.path}/work-${last}`;
    mkdirSync(work, { mode: 0o700 });
    const { cgroup } = options;
    return { runtime, privateDir, containerId: `${instance.name}-${last}`, work, ...given({ cgroup }) };
  };

  const prepare = async (): Promise<Prepared> => {
    const runtimes = findRuntimes(options.runtime ?? "auto", options.env ?? process.env);
    const instance = resources.use(createInstance(stateDir, cgroupFolder(options.cgroup)));
    const privateDir = `${instance.path}/private`;
    const worker = resources.use(await startWorker(privateDir));
    const runtime = await chooseRuntime(runtimes, {
      stateDir,
      profile: sha256(JSON.stringify(seccompProfile(process.arch))),
      ...given({ cgroup: options.cgroup }),
      probe: (candidate) => tryRuntime(candidate, (version) => probe(worker, place({ instance, privateDir }, version))),
    });
    return { instance, privateDir, worker, runtime };
  };
  const ready = (): Promise<Prepared> => (prepared ??= prepare());

  const run = async (step: SandboxStep, signal: AbortSignal): Promise<SandboxResult> => {
    signal.throwIfAborted();
    const { worker, ...rest } = await ready();
    const at = place(rest, rest.runtime);
    try {
      const request = await stepBundle(step, at);
      signal.throwIfAborted();
      return await execute(step, { request, worker, runtime: rest.runtime, signal, pids });
    } finally {
      // A few empty directories: four hops through the thread pool would cost more than the system calls.
      rmSync(at.work, { recursive: true, force: true });
    }
  };

  return {
    async prepare() {
      await ready();
    },
    run(step) {
      if (closing.signal.aborted) return Promise.reject(usageError("Cannot run a step: the sandbox is closed"));
      const signal = step.signal === undefined ? closing.signal : AbortSignal.any([step.signal, closing.signal]);
      const work = run(step, signal);
      running.add(work);
      const forget = (): void => void running.delete(work);
      work.then(forget, forget);
      return work;
    },
    kill(stepId, signal) {
      const pid = pids.get(stepId);
      return pid !== undefined && signalStep(pid, signal);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(usageError("Cannot finish the step: the sandbox was closed"));
      await allSettledOf(prepared === undefined ? running : [...running, prepared]);
      await resources.disposeAsync();
    },
  };
}

interface Execution {
  readonly request: Awaited<ReturnType<typeof stepBundle>>;
  readonly worker: WorkerClient;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  /** Step id → the runtime's pid, while it runs. */
  readonly pids: Map<string, number>;
}

async function execute(step: SandboxStep, execution: Execution): Promise<SandboxResult> {
  const { request, worker, runtime, signal, pids } = execution;
  const oomKillsBefore = countOomKills();
  using cleanup = new DisposableStack();
  const output = cleanup.use(step.output === "inherit" ? inheritedOutput() : pipedOutput(step.onOutput));
  let stopping = false;
  const stop = (): void => {
    const pid = pids.get(step.id);
    if (stopping || pid === undefined) return;
    stopping = true;
    cleanup.use(stopStep(pid, step.stopSignal ?? "SIGTERM"));
  };
  signal.addEventListener("abort", stop, { once: true });
  cleanup.defer(() => {
    signal.removeEventListener("abort", stop);
    pids.delete(step.id);
  });
  const stdio = { stdin: step.stdin === "inherit" ? "inherit" : "ignore", stdout: output.stdout, stderr: output.stderr } as const;
  const exit = await worker.run({ ...request, ...stdio }, (pid) => {
    output.started();
    if (pid !== undefined) pids.set(step.id, pid);
    if (signal.aborted) stop();
  });
  await output.ended;
  signal.throwIfAborted();
  return resultOf(step, { runtime, exit, errors: output.errors(), oomKilled: countOomKills() > oomKillsBefore });
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
  return { exitCode, oomKilled: oomKilled && exitCode === SIGKILL_EXIT, ...given({ signalName }) };
}

function programExists(step: SandboxStep): boolean {
  const [program = ""] = step.args;
  const files = pathFiles(step.root);
  const place = processPlace({ Env: step.env, WorkingDir: step.cwd });
  return programPaths(fromText(program), place).some((path) => entryAt(files, path) !== undefined);
}

/** Tries a runtime; one that shows its compiled seccomp filter is tried again with it. */
async function tryRuntime(runtime: Runtime, attempt: (runtime: Runtime) => Promise<Trial>): Promise<Trial> {
  const first = await attempt(runtime);
  if (!first.works || first.filter === undefined) return first;
  const again = await attempt({ ...runtime, filter: first.filter });
  return again.works && again.filter === first.filter ? first : { works: true };
}

async function probe(worker: WorkerClient, place: BundlePlace): Promise<Trial> {
  const chunks: Uint8Array[] = [];
  using output = pipedOutput((stream, chunk) => {
    if (stream === "stdout") chunks.push(chunk);
  });
  try {
    const { stdout, stderr } = output;
    const exit = await worker.run({ ...probeBundle(place), stdin: "ignore", stdout, stderr }, () => output.started());
    await output.ended;
    const message = runtimeFailure(place.runtime, exit, output.errors());
    if (message !== undefined) return { works: false, message };
    if (exit.exitCode === DEVICES_OPEN) return { works: false, message: "(nothing, but it would open device files of images)" };
    if (exit.exitCode !== 0) return { works: false, message: `exit code ${exit.exitCode}` };
    const filter = Buffer.concat(chunks).toString("base64");
    return filter === "" ? { works: true } : { works: true, filter };
  } finally {
    await rm(place.work, { recursive: true, force: true });
  }
}

/** Of the whole machine: with the step's own SIGKILL it tells enough, and needs no cgroup. */
function countOomKills(): number {
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "latin1"))?.[1] ?? 0);
}
