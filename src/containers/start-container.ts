/** A container of an image of the store: its layers below a layer of its own, which goes with it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Session } from "../context/index.ts";
import { createSandbox, isHarmlessDevice, type SandboxCgroup, type StopRequest, sweepSandboxes } from "../engine/index.ts";
import { given } from "../given.ts";
import { loadImage } from "../image/index.ts";
import { findTool } from "../sys/index.ts";
import { deviceFiles, layerTree, loadLayers, unpackLayers } from "../tree/index.ts";
import { commandOf, mergedEnvironment } from "./command-line.ts";
import { findInit, INIT_PATH } from "./init.ts";
import { containerDevices } from "./devices.ts";
import { containerMounts } from "./mounts.ts";
import { announceContainer, checkName } from "./running.ts";
import { checkSignal, usualStop } from "./stop.ts";
import type { ContainerOptions, RunningContainer, StopOptions } from "./types.ts";

/** Starts a container. Its files live as long as it does. Throws `IMAGE_NOT_FOUND`, `NOT_FOUND` without an init, `RUNTIME*`, `RUN_USER`, `PRIVILEGE`, `USAGE`. */
export async function startContainer(session: Session, options: ContainerOptions): Promise<RunningContainer> {
  await using stack = new AsyncDisposableStack();
  const { store } = session;
  const { name = "" } = options;
  checkName(store, name);
  const disposing = new AbortController();
  const signal = options.signal === undefined ? disposing.signal : AbortSignal.any([options.signal, disposing.signal]);
  const image = await loadImage(store, options.image, session.platform);
  const config = image.config.config ?? {};
  const usual = usualStop({ signal: options.stopSignal, timeoutMs: options.stopTimeoutMs }, config.StopSignal);
  const args = commandOf(options, config.Entrypoint ?? [], config.Cmd ?? []);
  const init = options.init === true ? await findInit(session.env) : undefined;
  const layers = await loadLayers(image.layers, signal);
  const lowers = await unpackLayers(store, layers, { signal });
  const root = layerTree(layers);
  const mounts = await containerMounts(options.mounts ?? [], {
    image: { root, lowers },
    volumes: Object.keys(config.Volumes ?? {}),
  });

  const stateDir = join(store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const scratch = stack.use(await store.scratch());
  const sandbox = stack.use(
    createSandbox({
      stateDir,
      runtime: options.runtime ?? usualRuntime(options, session.env),
      env: session.env,
      cgroup: cgroupOf(options),
    }),
  );
  const memory = await sandbox.memoryForChanges();
  if (memory !== undefined) stack.use(memory);
  const id = randomBytes(32).toString("hex");
  const { onOutput } = options;
  const running = sandbox.run({
    id,
    lowers,
    upper: memory?.path ?? join(scratch.path, "upper"),
    root,
    args: init === undefined ? args : [INIT_PATH, "--", ...args],
    env: mergedEnvironment(config.Env ?? [], options.environment ?? []),
    cwd: options.workdir ?? (config.WorkingDir === undefined || config.WorkingDir === "" ? "/" : config.WorkingDir),
    user: options.user ?? config.User ?? "",
    hostname: options.hostname ?? id.slice(0, 12),
    network: options.network ?? "host",
    mounts: [...mounts, ...(init === undefined ? [] : [{ kind: "bind", source: init, target: INIT_PATH, readOnly: true } as const])],
    ...given({ extraHosts: options.addHosts, ulimits: options.ulimits, shmSizeBytes: options.shmSizeBytes }),
    devices: containerDevices(options.devices ?? []),
    capabilities: { add: options.capAdd ?? [], drop: options.capDrop ?? [] },
    noNewPrivileges: options.noNewPrivileges ?? false,
    insecure: options.privileged ?? false,
    terminal: options.terminal ?? false,
    readOnlyRoot: options.readOnly ?? false,
    foreignDevices: !deviceFiles(layers).every(isHarmlessDevice),
    stopSignal: usual.signal,
    onOutput: onOutput ?? (() => undefined),
    ...(onOutput === undefined ? { stdin: "inherit", output: "inherit" } : {}),
    signal,
  });
  running.catch(() => undefined);
  const stop = (wanted: StopOptions = {}): void => sandbox.stop(id, stopRequest(wanted, usual));
  const announcement = await announceContainer(store, {
    summary: { id, name, image: options.image, command: args, created: new Date().toISOString() },
    stopTimeoutMs: usual.graceMs,
    stop,
  });
  const exit = exitOf(running, announcement);
  exit.catch(() => undefined);
  const resources = stack.move();
  return {
    id,
    kill(name) {
      checkSignal(name);
      sandbox.kill(id, name);
    },
    stop,
    exit,
    async [Symbol.asyncDispose]() {
      disposing.abort(new DOMException("The container was disposed", "AbortError"));
      await exit.catch(() => undefined);
      await resources.disposeAsync();
    },
  };
}

/** crun as Debian 12 has it does not follow the size of the terminal's window. */
function usualRuntime({ terminal }: ContainerOptions, env: Readonly<Record<string, string | undefined>>): "runc" | "auto" {
  return terminal === true && findTool("runc", env) !== undefined ? "runc" : "auto";
}

/** Only who wants limits has a cgroup: making one takes time. */
function cgroupOf({ resources }: ContainerOptions): SandboxCgroup | undefined {
  return resources === undefined ? undefined : { resources };
}

/** Who asked for the end hears of it now. */
async function exitOf(running: Promise<{ readonly exitCode: number }>, announcement: AsyncDisposable): Promise<number> {
  await using _announced = announcement;
  return (await running).exitCode;
}

function stopRequest({ signal, timeoutMs }: StopOptions, usual: StopRequest): StopRequest {
  if (signal !== undefined) checkSignal(signal);
  return { signal: signal ?? usual.signal, graceMs: timeoutMs ?? usual.graceMs };
}
