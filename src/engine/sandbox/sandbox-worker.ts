/**
 * Entry of the worker thread that holds the mounts (decision 6): the only thread of this process that sees them. Here, only synchronous
 * file calls may touch them: asynchronous ones run on threads that are outside. The OCI runtimes are children of this thread, in a pid
 * namespace whose first process ends with us; the kernel then ends every step, whatever happened to us.
 */
import { closeSync, readlinkSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { DecantError } from "../../errors.ts";
import {
  checkIds,
  createPipe,
  enterPids,
  isolateMounts,
  makeNetwork,
  mountTmpfs,
  type ProcessOptions,
  type RunningProcess,
  setUmask,
  startProcess,
  unmount,
  unshareMounts,
  unsharePids,
} from "../../sys/index.ts";
import { membersFile } from "./device-guard.ts";
import { LOW_PORTS, PING_GROUPS } from "./network-files.ts";
import { failureOf, runStep } from "./step-runner.ts";
import { tryLayers } from "./try-layers.ts";
import type { FromWorker, RunRequest, ToWorker, WorkerData } from "./worker-protocol.ts";

// The boundary: our own main thread made this.
const { privateDir, ownPidsFd, userXattr, devices } = workerData as WorkerData;
let stepPidsFd: number | undefined;
let releaseHolder = (): void => {};

/** crun refuses a mix of cgroup versions where the second has controllers, even with the option to leave cgroups alone. */
const SECOND_CGROUPS = "/sys/fs/cgroup/unified";
/** Goes into a cgroup and becomes another program; $0: the cgroup's file, $1: the runtime's log. */
const ENTER_SCRIPT = `echo 0 2>/dev/null >"$0" || { echo "it cannot go into its cgroup $0" >"$1"; exit 1; }; shift; exec "$@"`;
/** Shows the new pid namespace in /proc, where runtimes look their children up, and ends when we do. */
const HOLDER_SCRIPT = "exec 2>&1; mount -t proc proc /proc && echo ready && read -r forever";

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function start(): Promise<void> {
  // Before the holder covers /proc.
  checkIds("start", 0, [0]);
  const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  unshareMounts();
  setUmask(0);
  isolateMounts();
  mountTmpfs(privateDir, "mode=0700");
  try {
    unmount(SECOND_CGROUPS);
  } catch {
    // Not mounted, as on most machines.
  }
  const pipe = createPipe();
  unsharePids();
  const holder = startInside({
    argv: ["/bin/sh", "-c", HOLDER_SCRIPT],
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    cwd: "/",
    stdio: { stdin: pipe.read, stderr: "ignore" },
    ownGroup: true,
  });
  pipe.closeRead();
  const output = await firstChunk(holder.stdout);
  if (!output.startsWith("ready") || holder.pid === undefined) {
    await holder.exit;
    throw new DecantError("RUNTIME", `Cannot hold a pid namespace: ${output.trim() === "" ? "its process ended" : output.trim()}`);
  }
  releaseHolder = () => {
    pipe.closeWrite();
    void holder.exit.then(() => send({ type: "closed" }));
  };
  send({ type: "holder", pid: holder.pid, thread });
}

/** Starts a child in the pid namespace that is set, and leaves it at once: while it is set, this thread cannot start threads. */
function startInside(options: ProcessOptions): RunningProcess {
  try {
    return startProcess(options);
  } finally {
    enterPids(ownPidsFd);
  }
}

function run(request: RunRequest): void {
  const fd = stepPidsFd;
  if (fd === undefined) throw new DecantError("INTERNAL", "Internal error: a step before the pid namespace");
  runStep(request, {
    userXattr,
    send,
    argvOf: guardedArgv,
    start(options) {
      enterPids(fd);
      return startInside(options);
    },
  });
}

let cgroup = devices?.own;

/** Children are born in the cgroup of this thread (version 1), or go there by themselves (version 2). */
function guardedArgv({ argv, deviceCgroup, logFile }: RunRequest): readonly string[] {
  if (devices === undefined) return argv;
  const wanted = deviceCgroup ?? devices.own;
  const file = membersFile(devices.version, wanted);
  if (devices.version === 2) return deviceCgroup === undefined ? argv : ["/bin/sh", "-c", ENTER_SCRIPT, file, logFile, ...argv];
  // The kernel takes its time for this, so it is done only where it changes something.
  if (cgroup !== wanted) writeFileSync(file, "0");
  cgroup = wanted;
  return argv;
}

function openNetwork(path: string): void {
  makeNetwork(path, () => {
    writeFileSync(LOW_PORTS, "0");
    try {
      // Steps have no NET_RAW, which ping would need instead.
      writeFileSync(PING_GROUPS, "0 2147483647");
    } catch {
      // In a user namespace the kernel takes only groups that are in it.
    }
  });
}

/** Does what a request wants, and says what came of it. */
function answer(request: number, act: () => unknown): void {
  try {
    send({ type: "done", request, value: act() });
  } catch (error) {
    send({ type: "failed", request, failure: failureOf(error) });
  }
}

async function firstChunk(stream: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of stream) return Buffer.from(chunk).toString("utf8");
  return "";
}

parentPort?.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "pids":
      stepPidsFd = message.fd;
      send({ type: "ready" });
      return;
    case "run":
      run(message);
      return;
    case "network":
      answer(message.request, () => openNetwork(message.path));
      return;
    case "layers":
      answer(message.request, () => tryLayers(message.place, userXattr));
      return;
    case "close":
      if (stepPidsFd !== undefined) closeSync(stepPidsFd);
      releaseHolder();
      return;
    default:
      message satisfies never;
  }
});
start().catch((error: unknown) => send({ type: "broken", failure: failureOf(error) }));
