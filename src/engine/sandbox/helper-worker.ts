/**
 * Entry of the helper process: without root, it does what needs the ids of a user namespace, in which it was started (decision 6). It is the first
 * process of a pid namespace and has mounts of its own. When the builder ends, whatever ended it, this ends, and with it every step.
 */
import { closeSync, statSync, writeFileSync } from "node:fs";
import { DecantError } from "../../errors.ts";
import { openStore } from "../../store/index.ts";
import { createPipe, mountProc, mountTmpfs, runProcess, startProcess } from "../../sys/index.ts";
import { createHelperFiles, type HelperFiles } from "./helper-files.ts";
import { LOW_PORTS } from "./network-files.ts";
import { signalStep, stopStep, type Stopping } from "./process-control.ts";
import { failureOf, runStep } from "./step-runner.ts";
import { tryLayers } from "./try-layers.ts";
import type { FromHelper, HelperData, RunRequest, ToHelper } from "./worker-protocol.ts";

const SECOND_CGROUPS = "/sys/fs/cgroup/unified";

/** A step that runs. */
interface Running {
  pid: number | undefined;
  readonly stopping: Stopping[];
}

const running = new Map<number, Running>();
let files: HelperFiles | undefined;

function send(message: FromHelper): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

async function start(given: HelperData): Promise<void> {
  process.umask(0o022);
  mountProc("/proc");
  mountTmpfs(given.privateDir, "mode=0700");
  hideCgroups();
  if (given.storeRoot !== undefined) {
    const store = await openStore({ root: given.storeRoot });
    files = createHelperFiles(store, given.privateDir);
  }
  send({ type: "ready" });
}

/** crun refuses a mix of versions, and without root nobody here makes cgroups. */
function hideCgroups(): void {
  if (statSync(SECOND_CGROUPS, { throwIfNoEntry: false }) !== undefined) mountTmpfs(SECOND_CGROUPS, "mode=0755");
}

function run(request: RunRequest): void {
  const own: Running = { pid: undefined, stopping: [] };
  running.set(request.request, own);
  own.pid = runStep(request, {
    userXattr: true,
    send(message) {
      if (message.type !== "started") running.delete(message.request);
      send(message);
    },
    argvOf: ({ argv }) => argv,
    start: startProcess,
    endOf() {
      const standsFor = own.stopping.find((each) => each.standsFor !== undefined)?.standsFor;
      for (const each of own.stopping) each[Symbol.dispose]();
      return { standsFor };
    },
  });
  for (const output of [request.stdout, request.stderr]) if (typeof output === "number") closeSync(output);
}

function makePipes(request: number): void {
  const [first, second] = [createPipe(), createPipe()];
  send({ type: "pipes", request, descriptors: [first.read, first.write, second.read, second.write] });
}

const aborts = new Map<number, AbortController>();

async function work({ request, call }: Extract<ToHelper, { readonly type: "files" }>): Promise<void> {
  const abort = new AbortController();
  aborts.set(request, abort);
  await answer(request, async () => {
    if (files === undefined) throw new Error("there is no store");
    return await files.call(call, abort.signal, (layer, bytes) => send({ type: "progress", request, layer, bytes }));
  });
  aborts.delete(request);
}

/** Does what a request wants, and says what came of it. */
async function answer(request: number, act: () => Promise<unknown>): Promise<void> {
  try {
    send({ type: "done", request, value: await act() });
  } catch (error) {
    send({ type: "failed", request, failure: failureOf(error) });
  }
}

/** The mount keeps the namespace; this process is in its own all the time, which it could never enter again. */
async function makeNetwork(path: string): Promise<void> {
  writeFileSync(path, "", { flag: "wx", mode: 0o600 });
  const { exitCode, stderr } = await runProcess({ argv: ["unshare", `--net=${path}`, "/bin/sh", "-c", `echo 0 >${LOW_PORTS}`] });
  if (exitCode === 0) return;
  throw new DecantError("SYSCALL", `Cannot make a network namespace: ${stderr.toString("utf8").trim()}`);
}

process.on("message", (message: ToHelper) => {
  switch (message.type) {
    case "start":
      start(message).catch((error: unknown) => send({ type: "broken", failure: failureOf(error) }));
      return;
    case "run":
      run(message);
      return;
    case "pipes":
      makePipes(message.request);
      return;
    case "close-descriptors":
      for (const descriptor of message.descriptors) closeSync(descriptor);
      return;
    case "network":
      void answer(message.request, () => makeNetwork(message.path));
      return;
    case "layers":
      void answer(message.request, () => Promise.resolve(tryLayers(message.place, true)));
      return;
    case "signal": {
      const pid = running.get(message.request)?.pid;
      if (pid !== undefined) signalStep(pid, message.signal);
      return;
    }
    case "stop": {
      const found = running.get(message.request);
      if (found?.pid !== undefined) found.stopping.push(stopStep(found.pid, message.how));
      return;
    }
    case "files":
      void work(message);
      return;
    case "abort":
      aborts.get(message.request)?.abort(new DOMException("The builder does not want it any more", "AbortError"));
      return;
    default:
      message satisfies never;
  }
});
// The builder has ended, or wants no more.
process.on("disconnect", () => {
  void leave().finally(() => process.exit(0));
});

async function leave(): Promise<void> {
  await files?.[Symbol.asyncDispose]();
}
