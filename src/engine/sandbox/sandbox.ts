/**
 * Runs RUN steps: one overlay and one OCI runtime each (decisions 5 and 6). The mounts are private to a worker thread and vanish with this
 * process, and so do the steps' processes, whatever happens to it.
 */
import { mkdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { allSettledOf } from "../../async.ts";
import { sha256 } from "../../digest.ts";
import { InternalError, isDecantError, usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { type IdMaps, isOnOverlay } from "../../sys/index.ts";
import { cgroupFolder } from "./cgroup.ts";
import { type DeviceGuard, deviceCgroups, hasUsualDevicesOnly, openDeviceGuard } from "./device-guard.ts";
import { noLimits } from "./errors.ts";
import { execute, type RunningStep } from "./execute-step.ts";
import { createInstance, type Instance } from "./instance.ts";
import { startHelper } from "./helper-client.ts";
import { type MemoryFolder, type OwnedFiles, ownFiles } from "./owned-files.ts";
import { openNetwork as joinNetwork } from "./own-network.ts";
import { chooseRuntime, findRuntimes, type Runtime, runtimeFailure, type Trial } from "./runtime.ts";
import { NAMESPACES } from "./runtime-spec.ts";
import { seccompProfile } from "./seccomp.ts";
import { type BundlePlace, DEVICES_OPEN, probeBundle, stepBundle } from "./step-bundle.ts";
import { createUsageMeter } from "./step-usage.ts";
import { pipedOutput } from "./step-output.ts";
import type { Sandbox, SandboxOptions, SandboxResult, SandboxStep, UsualNetwork } from "./types.ts";
import type { Layering } from "./worker-protocol.ts";
import { mayMount, startWorker, type WorkerClient } from "./worker-client.ts";

interface Opened {
  readonly instance: Instance;
  readonly privateDir: string;
  readonly guard: DeviceGuard | undefined;
  readonly worker: WorkerClient;
  /** Of the helper process, where this process may not make mounts. */
  readonly files?: OwnedFiles;
  readonly ids?: IdMaps;
}

interface Prepared extends Opened {
  readonly runtime: Runtime;
}

/** Makes a sandbox. Nothing is started before `prepare` or the first `run`. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const stateDir = resolve(options.stateDir);
  const closing = new AbortController();
  const resources = new AsyncDisposableStack();
  const isDirect = mayMount();
  const running = new Set<Promise<unknown>>();
  const steps = new Map<string, RunningStep>();
  const meter = createUsageMeter();
  let opened: Promise<Opened> | undefined;
  let prepared: Promise<Prepared> | undefined;
  /** By the ports of this machine that they lead to. */
  const usual = new Map<string, Promise<UsualNetwork>>();
  let last = 0;

  const place = ({ instance, worker, privateDir, guard, ids }: Opened, runtime: Runtime): BundlePlace => {
    last += 1;
    const work = `${inMemory(instance) ? worker.insideDir : instance.path}/work-${last}`;
    mkdirSync(work, { mode: 0o700 });
    const { cgroup } = options;
    const { inUserNamespace } = worker;
    return {
      runtime,
      privateDir,
      containerId: `${instance.name}-${last}`,
      work,
      inUserNamespace,
      layering: layeringOf(options.env ?? process.env),
      ...given({ cgroup, guard, ids }),
    };
  };

  const open = async (): Promise<Opened> => {
    const cgroups = options.deviceCgroup === "none" || !isDirect ? undefined : deviceCgroups();
    const folders = [cgroupFolder(options.cgroup), ...(cgroups === undefined ? [] : [cgroups.below])].filter((folder) => folder !== "");
    const instance = resources.use(createInstance(stateDir, folders));
    const guard = cgroups === undefined ? undefined : openDeviceGuard(cgroups, instance.name);
    const privateDir = `${instance.path}/private`;
    if (isDirect) return { instance, guard, privateDir, worker: resources.use(await startWorker(privateDir, { guard })) };
    const helper = resources.use(await startHelper(privateDir, options.store));
    return { instance, guard, privateDir, worker: helper, files: helper.files, ids: helper.ids };
  };
  const whenOpen = (): Promise<Opened> => (opened ??= open());

  const openNetwork: Sandbox["openNetwork"] = async (wishes, signal) => {
    const namespace = await (await whenOpen()).worker.makeNetwork();
    const { nameserver } = resources.use(await joinNetwork(wishes, { namespace, env: options.env ?? process.env, signal }));
    return { networkPath: namespace.inside, ...given({ nameserver }) };
  };
  const usualNetwork: Sandbox["usualNetwork"] = (loopbackPorts) => {
    const key = loopbackPorts.join();
    const found = usual.get(key) ?? ownOrHost(() => openNetwork({ loopbackPorts }, closing.signal));
    usual.set(key, found);
    return found;
  };

  const prepare = async (): Promise<Prepared> => {
    const { deviceCgroup = "auto", runtime: wanted = "auto", env = process.env } = options;
    const parts = await whenOpen();
    const { guard, worker } = parts;
    // Who makes cgroups, limits devices in them. In a container, its own cgroup may do.
    const isGuarded = guard !== undefined || options.cgroup !== undefined || hasUsualDevicesOnly();
    // In a user namespace of our own, the kernel makes no device, and opens none of a file system that is mounted there.
    const canGuard = (name: Runtime["name"]): boolean => isDirect && deviceCgroup === "auto" && (isGuarded || name === "runc");
    const runtime = await chooseRuntime(findRuntimes(wanted, { env, canGuard }), {
      stateDir,
      isDirect,
      profileOf: ({ guarded }) => sha256(JSON.stringify([seccompProfile(process.arch, guarded), NAMESPACES])),
      ...given({ cgroup: options.cgroup }),
      probe: (candidate) => tryRuntime(candidate, (version) => probe(worker, place(parts, version))),
    }).catch((error: unknown) => {
      throw !isDirect && options.cgroup !== undefined && isDecantError(error, "RUNTIME") ? noLimits(error) : error;
    });
    return { ...parts, runtime };
  };
  const ready = (): Promise<Prepared> => (prepared ??= prepare());

  const run = async (step: SandboxStep, running: RunningStep, signal: AbortSignal): Promise<SandboxResult> => {
    signal.throwIfAborted();
    const found = await ready();
    const { worker, runtime } = found;
    const at = place(found, runtime);
    try {
      const request = await stepBundle(step, at);
      signal.throwIfAborted();
      const usage = meter.begin();
      try {
        const result = { ...(await execute(step, { request, worker, runtime, signal, running })), ...given({ usage: usage() }) };
        if (found.ids === undefined) return result;
        return { ...result, ids: found.ids.lack === undefined ? "ranges" : "single" };
      } catch (error) {
        usage();
        throw error;
      }
    } finally {
      // A few empty directories: four hops through the thread pool would cost more than the system calls.
      rmSync(at.work, { recursive: true, force: true });
    }
  };

  /** A place for what a step changes, where the store is on an overlay, which can hold none. */
  const memoryForChanges = async (): Promise<MemoryFolder | undefined> => {
    const { instance, worker } = await whenOpen();
    if (!inMemory(instance)) return undefined;
    last += 1;
    const path = `${worker.insideDir}/changes-${last}`;
    mkdirSync(path, { mode: 0o755 });
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  };
  const tryLayers: Sandbox["tryLayers"] = async () => {
    const wanted = layeringOf(options.env ?? process.env);
    const { instance, worker } = await whenOpen();
    last += 1;
    const work = `${inMemory(instance) ? worker.insideDir : instance.path}/work-${last}`;
    return { wanted, ...(await worker.tryLayers({ lower: `${instance.path}/lower-${last}`, work })) };
  };
  const files = isDirect && options.store !== undefined ? ownFiles(options.store, memoryForChanges) : lateFiles(whenOpen);

  return {
    async prepare() {
      await ready();
    },
    files,
    tryLayers,
    openNetwork,
    usualNetwork,
    run(step) {
      if (closing.signal.aborted) return Promise.reject(usageError("Cannot run a step: the sandbox is closed"));
      const signal = step.signal === undefined ? closing.signal : AbortSignal.any([step.signal, closing.signal]);
      const own: RunningStep = { wanted: [] };
      steps.set(step.id, own);
      const work = run(step, own, signal);
      running.add(work);
      const forget = (): void => {
        running.delete(work);
        steps.delete(step.id);
      };
      work.then(forget, forget);
      return work;
    },
    kill(stepId, signal) {
      return steps.get(stepId)?.control?.signal(signal) ?? false;
    },
    stop(stepId, how) {
      const step = steps.get(stepId);
      if (step === undefined) return;
      step.wanted.push(how);
      step.stop?.();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(usageError("Cannot finish the step: the sandbox was closed"));
      await allSettledOf([...running, ...usual.values(), ...[opened, prepared].filter((each) => each !== undefined)]);
      await resources.disposeAsync();
    },
  };
}

async function ownOrHost(open: () => ReturnType<Sandbox["openNetwork"]>): Promise<UsualNetwork> {
  try {
    return { network: "own", ...(await open()) };
  } catch (error) {
    if (!isDecantError(error) || !["NOT_FOUND", "RUNTIME", "SYSCALL", "PRIVILEGE"].includes(error.code)) throw error;
    return { network: "host", lack: error };
  }
}

/** Work on files where it needs the helper, which is started by the first call. */
function lateFiles(open: () => Promise<Opened>): OwnedFiles {
  const found = async (): Promise<OwnedFiles> => {
    const { files } = await open();
    if (files === undefined) throw new InternalError("a sandbox without a store does no work on files");
    return files;
  };
  return {
    unpack: async (...args) => (await found()).unpack(...args),
    stage: async () => (await found()).stage(),
    copy: async (...args) => (await found()).copy(...args),
  };
}

/** DECANT_LAYERS, for tests and kernels whose overlays misbehave. */
function layeringOf(env: Readonly<Record<string, string | undefined>>): Layering {
  const wanted = env["DECANT_LAYERS"] ?? "auto";
  if (wanted === "auto" || wanted === "overlay" || wanted === "copy") return wanted;
  if (wanted === "fuse" || wanted === "fuse-overlayfs")
    throw usageError(
      `Cannot use DECANT_LAYERS="${wanted}": Decant does not start fuse-overlayfs; wanted auto, overlay or copy`,
      "With auto, steps work on copies where the kernel refuses overlays, with the same images; decant doctor says which way is used",
    );
  throw usageError(`Cannot use DECANT_LAYERS="${wanted}": wanted auto, overlay or copy`);
}

/** An overlay keeps its changes on no other overlay, so they are in the worker's tmpfs. */
function inMemory(instance: Instance): boolean {
  return isOnOverlay(instance.path);
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
  using output = pipedOutput(await worker.openPipes(), (stream, chunk) => {
    if (stream === "stdout") chunks.push(chunk);
  });
  try {
    const { stdout, stderr } = output;
    const exit = await worker.run({ ...probeBundle(place), stdin: "empty", stdout, stderr }, () => output.started());
    await output.ended;
    const message = runtimeFailure(place.runtime, exit, output.errors());
    if (message !== undefined) return { works: false, message };
    if (exit.exitCode === DEVICES_OPEN) return { works: false, message: "(nothing, but steps could open device files of this machine)" };
    if (exit.exitCode !== 0) return { works: false, message: `exit code ${exit.exitCode}` };
    const filter = Buffer.concat(chunks).toString("base64");
    return filter === "" ? { works: true } : { works: true, filter };
  } finally {
    await rm(place.work, { recursive: true, force: true });
  }
}
