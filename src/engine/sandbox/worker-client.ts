/** The main thread's side of the worker with the private mounts: starts it, joins requests and answers, and ends it. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { DecantError, InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import { machineError } from "../../machine-error.ts";
import { createPipe, makeFolders, type Pipe } from "../../sys/index.ts";
import type { DeviceGuard } from "./device-guard.ts";
import { type Lack, noNetworkCapability, notPrivileged } from "./errors.ts";
import type { NetworkNamespace } from "./own-network.ts";
import { signalStep, stopStep, type Stopping, type StopRequest } from "./process-control.ts";
import type { LayersPlace, LayersTrial } from "./try-layers.ts";
import type { Failure, FromWorker, RunRequest, ToWorker, WorkerData } from "./worker-protocol.ts";

/** How a runtime ended. */
export interface RuntimeExit {
  readonly exitCode?: number;
  readonly signal?: string | undefined;
  readonly log: string;
  /** The step has worked on a copy of its layers. */
  readonly copied?: boolean;
}

/** What can be done to a step whose runtime has been started. */
export interface StepControl {
  /** As `signalStep`. */
  signal(name: string): boolean;
  /** As `stopStep`. */
  stop(how: StopRequest): Stopping;
}

/** Runs runtimes inside the private mounts. */
export interface WorkerClient extends AsyncDisposable {
  /** The private directory as all threads of this process reach it, its tmpfs included. */
  readonly insideDir: string;
  /** Overlays keep their changes in user.* attributes there, and no step can open a device. */
  readonly inUserNamespace: boolean;
  /** Makes an empty network namespace, which lives as long as this. Rejects as `run`. */
  makeNetwork(): Promise<NetworkNamespace>;
  /** Tries an overlay, with `lower` and `work` as this process sees them. Rejects as `run`. */
  tryLayers(place: Omit<LayersPlace, "target">): Promise<LayersTrial>;
  /** Two pipes for the output of a step: their ends for writing are for `run` only. */
  openPipes(): Promise<readonly [Pipe, Pipe]>;
  /** `started` is called when the runtime runs. Rejects when it could not be started. */
  run(request: StepRequest, started: (control: StepControl) => void): Promise<RuntimeExit>;
}

interface Pending {
  readonly started?: (control: StepControl) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the worker. `privateDir` is made, and stays empty for everybody else. Throws `PRIVILEGE`, `SYSCALL`, `RUNTIME`. */
export async function startWorker(privateDir: string, { guard }: { readonly guard: DeviceGuard | undefined }): Promise<WorkerClient> {
  makeFolders(privateDir, { mode: 0o700 });
  // Starts the threads of asynchronous file calls now: those that the worker would start were inside of its mounts.
  await stat("/");
  const ownPidsFd = openSync("/proc/self/ns/pid", "r");
  const devices = guard === undefined ? {} : { devices: { version: guard.version, own: guard.own } };
  const data: WorkerData = { privateDir, ownPidsFd, userXattr: inUserNamespace(), ...devices };
  const worker = new Worker(workerUrl(), { workerData: data, name: "decant sandbox", execArgv: [], trackUnmanagedFds: false });
  const pending = new Map<number, Pending>();
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  let last = 0;
  let insideDir = "";
  let rootOfWorker = "";

  /** The worker has no /proc of ours. */
  const inside = (path: string): string => (path.startsWith(`${insideDir}/`) ? privateDir + path.slice(insideDir.length) : path);
  const fail = (error: unknown): void => {
    ready.reject(error);
    for (const [, { reject }] of pending) reject(error);
    pending.clear();
    gone.resolve();
  };
  const settle = (request: number): Pending | undefined => {
    const found = pending.get(request);
    pending.delete(request);
    if (pending.size === 0) worker.unref();
    return found;
  };
  const ask = (message: (request: number) => ToWorker, started?: (control: StepControl) => void): Promise<unknown> => {
    last += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(last, { resolve, reject, ...given({ started }) });
    worker.ref();
    worker.postMessage(message(last));
    return promise;
  };
  worker.on("error", (error) => {
    const known = machineError(error);
    fail(known === error ? new InternalError("the sandbox worker failed", error) : known);
  });
  worker.on("exit", () => {
    closeSync(ownPidsFd);
    fail(new InternalError("the sandbox worker ended"));
  });
  worker.on("message", (message: FromWorker) => {
    switch (message.type) {
      case "holder":
        rootOfWorker = `/proc/${process.pid}/task/${message.thread}/root`;
        insideDir = `/proc/self/task/${message.thread}/root${privateDir}`;
        worker.postMessage({ type: "pids", fd: openSync(`/proc/${message.pid}/ns/pid`, "r") });
        return;
      case "ready":
        ready.resolve();
        return;
      case "broken":
        fail(errorOf(message.failure));
        return;
      case "started":
        pending.get(message.request)?.started?.(controlOf(message.pid));
        return;
      case "done":
        settle(message.request)?.resolve(message.value);
        return;
      case "ended":
        settle(message.request)?.resolve(message);
        return;
      case "failed":
        settle(message.request)?.reject(errorOf(message.failure));
        return;
      case "closed":
        gone.resolve();
        return;
      default:
        message satisfies never;
    }
  });
  try {
    await ready.promise;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  worker.unref();
  return {
    insideDir,
    inUserNamespace: data.userXattr,
    async makeNetwork() {
      if (!hasCapability(CAP_NET_ADMIN)) throw noNetworkCapability();
      const path = `${privateDir}/network-${last + 1}`;
      await ask((request) => ({ type: "network", request, path }));
      return { path: rootOfWorker + path, inside: path };
    },
    async tryLayers(wanted) {
      const place = layersPlace(wanted, inside, privateDir);
      return (await ask((request) => ({ type: "layers", request, place }))) as LayersTrial;
    },
    openPipes: () => Promise.resolve([createPipe(), createPipe()]),
    async run(request, started) {
      const value = await ask((number) => ({ ...insideRequest(request, inside), type: "run", request: number }), started);
      return value as RuntimeExit;
    },
    async [Symbol.asyncDispose]() {
      worker.ref();
      worker.postMessage({ type: "close" });
      await gone.promise;
      await worker.terminate();
    },
  };
}

/** The place as who holds the mounts sees it. */
export function layersPlace(
  { lower, work }: Omit<LayersPlace, "target">,
  inside: (path: string) => string,
  privateDir: string,
): LayersPlace {
  return { lower: inside(lower), work: inside(work), target: `${privateDir}/layers` };
}

/** A request without its number. */
type StepRequest = Omit<RunRequest, "type" | "request">;

/** The request with the directories of its overlays as who holds the mounts sees them. */
export function insideRequest(request: StepRequest, inside: (path: string) => string): StepRequest {
  const moved = <Part extends { readonly upper: string; readonly work: string }>(part: Part): Part => ({
    ...part,
    upper: inside(part.upper),
    work: inside(part.work),
  });
  const { root, sources } = request;
  return {
    ...request,
    root: root.kind === "overlay" ? moved(root) : root,
    sources: sources.map((source) => (source.kind === "overlay" ? moved(source) : source)),
  };
}

function controlOf(pid: number | undefined): StepControl {
  return {
    signal: (name) => pid !== undefined && signalStep(pid, name),
    stop: (how) => (pid === undefined ? { standsFor: undefined, [Symbol.dispose]() {} } : stopStep(pid, how)),
  };
}

/** Beside this file: as source, as compiled library, and beside the bundled command, for which scripts/bundle.ts emits it too. */
function workerUrl(): URL {
  return new URL(`./sandbox-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
}

function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));
}

const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

/** May this process make mounts itself, and so needs no helper? */
export function mayMount(): boolean {
  const { isRoot, hasCapability } = ownLack();
  return isRoot && hasCapability;
}

function ownLack(): Lack {
  return { isRoot: process.getuid?.() === 0, hasCapability: hasCapability(CAP_SYS_ADMIN) };
}

function hasCapability(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

/** An error out of its data. */
export function errorOf({ code, message, hint, details }: Failure): DecantError {
  const error = new DecantError(code, message, {
    hint,
    details,
  });
  return details?.["errno"] === "EPERM" && /namespace/.test(message) ? notPrivileged(ownLack(), error) : error;
}
