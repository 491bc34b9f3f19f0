/** A container of an image of the store: its layers below a layer of its own, which goes with it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Session } from "../context/index.ts";
import { createSandbox, type SandboxCgroup, type StopRequest, sweepSandboxes } from "../engine/index.ts";
import { findTool } from "../sys/index.ts";
import { commandOf } from "./command-line.ts";
import { containerStep, mountsOf, openImage, unpackImage } from "./container-step.ts";
import { findInit } from "./init.ts";
import { portsOf } from "./ports.ts";
import { announceContainer, checkName } from "./running.ts";
import { checkSignal, usualStop } from "./stop.ts";
import type { ContainerOptions, DebugTools, RunningContainer, StopOptions } from "./types.ts";

/** Starts a container, with `tools` over its image. Its files live as long as it does. Throws `IMAGE_NOT_FOUND`, `PLATFORM`, `NOT_FOUND` without an init or what publishes ports, `RUNTIME*`, `RUN_USER`, `PRIVILEGE`, `USAGE`. */
export async function startContainer(session: Session, options: ContainerOptions, tools?: DebugTools): Promise<RunningContainer> {
  await using stack = new AsyncDisposableStack();
  const { store } = session;
  const { name = "" } = options;
  checkName(store, name);
  const disposing = new AbortController();
  const signal = options.signal === undefined ? disposing.signal : AbortSignal.any([options.signal, disposing.signal]);
  const found = await openImage(session, options, { tools, signal });
  const { config } = found;
  const usual = usualStop({ signal: options.stopSignal, timeoutMs: options.stopTimeoutMs }, config.StopSignal);
  const args = commandOf(options, config.Entrypoint ?? [], config.Cmd ?? []);
  const init = options.init === true ? await findInit(session.env) : undefined;
  const ports = await portsOf(options, config.ExposedPorts ?? {});

  const stateDir = join(store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const sandbox = stack.use(
    createSandbox({
      stateDir,
      store,
      runtime: options.runtime ?? usualRuntime(options, session.env),
      env: session.env,
      cgroup: cgroupOf(options),
    }),
  );
  const image = await unpackImage(found, sandbox, signal);
  const mounts = await mountsOf(options, image);
  const network = ports.length === 0 ? undefined : await sandbox.openNetwork({ ports }, signal);
  const changes = stack.use(await sandbox.files.stage());
  const id = randomBytes(32).toString("hex");
  const own = { id, args, init, mounts, upper: changes.path, stopSignal: usual.signal, network, signal };
  const running = sandbox.run(containerStep(options, image, own));
  running.catch(() => undefined);
  const stop = (wanted: StopOptions = {}): void => sandbox.stop(id, stopRequest(wanted, usual));
  const announcement = await announceContainer(store, {
    summary: { id, name, image: options.image, command: args, created: new Date().toISOString(), ...(ports.length === 0 ? {} : { ports }) },
    stopTimeoutMs: usual.graceMs,
    stop,
  });
  const exit = exitOf(running, announcement);
  exit.catch(() => undefined);
  const resources = stack.move();
  return {
    id,
    ports,
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
