/** ExecOp: runs a process over the input's layers in a sandbox; what it changed becomes a layer. The key is rule S110's. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { given } from "../../given.ts";
import type { ExecOp, Vertex } from "../../graph/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { isWithin, treePath } from "../../paths.ts";
import { makeFolders } from "../../sys/index.ts";
import {
  deviceFiles,
  type Layer,
  layerFromMemory,
  layerFromUpper,
  type LayerSource,
  layerTree,
  loadLayers,
  type Tree,
  writeAll,
} from "../../tree/index.ts";
import { publicVariable } from "../../url-secrets.ts";
import type { DeviceInjection } from "../devices/index.ts";
import { isHarmlessDevice, type Sandbox, type SandboxStep } from "../sandbox/index.ts";
import type { EngineContext, Ingredient, OpRun, VertexResult } from "../types.ts";
import { tellDropped } from "./dropped-attributes.ts";
import { offerShell } from "./failure-shell.ts";
import { type PreparedMounts, prepareMounts } from "./exec-mounts.ts";
import { baseLayersOf, stackKey } from "./inputs.ts";
import { unpackedFor } from "./own-step.ts";
import { runFailure, startFailure } from "./run-failure.ts";

const TAIL_BYTES = 8192;

/** Prepares a RUN: its key now, its work when it is needed. */
export async function prepareExec(
  vertex: Vertex,
  op: ExecOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<OpRun> {
  const root = op.mounts.find((mount) => mount.dest === "/");
  const below = root?.type !== "bind" || root.input < 0 ? [] : baseLayersOf(inputs[root.input]);
  const mounts = await prepareMounts(vertex, op, inputs, context, signal);
  const devices = await context.devices.resolve(op.devices);
  return {
    ingredients: [...execIngredients(vertex, op, below, context), ...deviceIngredients(devices), ...mounts.ingredients],
    below,
    execute: (innerSignal, start) => runExec({ vertex, op, below, mounts, devices, context, start }, innerSignal),
  };
}

function execIngredients(vertex: Vertex, op: ExecOp, below: readonly LayerSource[], context: EngineContext): Ingredient[] {
  const { meta } = op;
  return [
    { name: "op", value: "exec" },
    { name: "base", value: stackKey(below) },
    { name: "command", value: JSON.stringify(meta.args) },
    ...meta.env.map((line) => {
      const at = line.indexOf("=");
      const name = line.slice(0, at);
      // Kept in readable form.
      return { name: `ENV ${name}`, value: publicVariable(name, line.slice(at + 1)) };
    }),
    { name: "working directory", value: meta.cwd },
    { name: "user", value: meta.user },
    { name: "hostname", value: meta.hostname ?? "" },
    { name: "network", value: op.network === "sandbox" ? context.defaultNetwork : op.network },
    { name: "platform", value: formatPlatform(vertex.platform) },
    ...(op.security === "sandbox" ? [] : [{ name: "security", value: op.security }]),
    ...meta.ulimits.map(({ name, soft, hard }) => ({ name: `ulimit ${name}`, value: `${soft}:${hard}` })),
    ...meta.extraHosts.map(({ host }) => ({ name: `host ${host}`, value: "" })),
  ];
}

function deviceIngredients(devices: DeviceInjection | undefined): Ingredient[] {
  return devices === undefined ? [] : [{ name: "devices", value: [...devices.names, devices.digest].join("\n") }];
}

interface StepWork {
  readonly vertex: Vertex;
  readonly op: ExecOp;
  readonly below: readonly LayerSource[];
  readonly mounts: PreparedMounts;
  readonly devices: DeviceInjection | undefined;
  readonly context: EngineContext;
  /** All that the process needs is here. */
  readonly start: () => void;
}

async function runExec({ vertex, op, below, mounts, devices, context, start }: StepWork, signal: AbortSignal): Promise<Layer> {
  const { store } = context;
  const sandbox = startSandbox(context);
  const layers = await loadLayers(below, signal);
  const lowers = await unpackedFor(vertex, layers, context, signal);
  tellDropped(context, layers);
  const tree = layerTree(layers);
  const ready = await sandbox;
  await using memory = await ready.memoryForChanges();
  await using staged = memory === undefined ? await store.dirs.create("layer-fs") : undefined;
  if (memory !== undefined) tellInMemory(context);
  const upper = memory?.path ?? staged?.path ?? "";
  await using opened = await mounts.open(signal);
  using log = openLog(context, vertex);
  const step: SandboxStep = {
    id: vertex.id,
    lowers,
    upper,
    root: tree,
    args: op.meta.args,
    env: [...withoutNames(op.meta.env, devices?.env ?? []), ...op.meta.proxyEnv, ...(devices?.env ?? []), ...opened.env],
    cwd: op.meta.cwd,
    user: op.meta.user,
    ...given({ hostname: op.meta.hostname ?? context.again?.hostname }),
    network: op.network === "sandbox" ? context.defaultNetwork : op.network,
    mounts: [...(devices?.mounts ?? []), ...opened.mounts],
    ...(devices === undefined ? {} : { devices: devices.devices, hooks: devices.hooks, additionalGids: devices.additionalGids }),
    ...given({ shmSizeBytes: opened.shmSizeBytes }),
    extraHosts: op.meta.extraHosts,
    ulimits: op.meta.ulimits,
    insecure: op.security === "insecure",
    foreignDevices: !deviceFiles(layers).every(isHarmlessDevice),
    ...given({ caCertificates: context.caCertificates }),
    onOutput: log.write,
    signal,
  };
  start();
  const seen = { vertex, op, tree, upper };
  const fail = async (error: unknown): Promise<never> => {
    await offerShell(error, step, { sandbox: ready, context });
    throw error;
  };
  const result = await ready.run(step).catch(async (error: unknown) => await fail(await startFailure(error, seen)));
  log.flush();
  if (result.exitCode !== 0) await fail(await runFailure(result, { ...seen, logFile: log.path, logTail: log.tail() }));
  makeSystemDirectories(upper, tree, op);
  return staged === undefined ? await layerFromMemory(store, upper, tree, signal) : await layerFromUpper(store, staged, tree, signal);
}

/** Once a build: the same warning may come from several steps. */
function tellInMemory({ store, warn }: EngineContext): void {
  warn(
    "StoreOnOverlay",
    `The store "${store.root}" is on the file system of a container (overlayfs): steps keep their changes in memory, and all layers below them are joined for each; a volume for the store is faster`,
    undefined,
  );
}

/** Variables of devices take the place of the step's own. */
function withoutNames(env: readonly string[], replaced: readonly string[]): readonly string[] {
  const names = new Set(replaced.map(nameOf));
  return names.size === 0 ? env : env.filter((pair) => !names.has(nameOf(pair)));
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf("="));
}

/** Begins to start the sandbox, while layers are still on their way. */
function startSandbox(context: EngineContext): Promise<Sandbox> {
  const started = context.sandbox().then(async (sandbox) => {
    await sandbox.prepare();
    return sandbox;
  });
  // Seen by whoever awaits it; a failed pull may come first.
  started.catch(() => undefined);
  return started;
}

const SYSTEM_DIRECTORIES = ["dev", "proc", "sys"].map(treePath);

/** Mount points that BuildKit leaves to the runtime to make stay in the layer, unless they go with a mount of the step's own (S104). */
function makeSystemDirectories(upper: string, root: Tree, { mounts }: ExecOp): void {
  for (const name of SYSTEM_DIRECTORIES) {
    if (root.lookup(name) !== undefined || mounts.some(({ dest }) => isWithin(treePath(dest), name))) continue;
    const path = join(upper, name);
    makeFolders(path);
    chmodSync(path, 0o755);
  }
}

type Stream = "stdout" | "stderr";

interface StepLog extends Disposable {
  readonly path: string;
  readonly write: (stream: Stream, chunk: Uint8Array) => void;
  /** Shows what waited for more: it might have been the beginning of a secret. */
  readonly flush: () => void;
  /** The last bytes, as text. */
  tail(): string;
}

/** Every byte goes to the step's log file, and as text to the event stream, but for secrets. What it throws ends the step. */
function openLog(context: EngineContext, vertex: Vertex): StepLog {
  const path = context.store.history.logFile(context.buildId, vertex.id);
  const file = openSync(path, "a");
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const streams = { stdout: context.guard?.maskedStream(), stderr: context.guard?.maskedStream() };
  let tail = Buffer.alloc(0);
  const show = (stream: Stream, chunk: Uint8Array): void => {
    writeAll(file, chunk, "the log of a step");
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    const data = decoders[stream].decode(chunk, { stream: true });
    if (data !== "") context.emit({ type: "log", vertex: vertex.id, stream, data });
  };
  const flush = (): void => {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = streams[stream]?.end();
      if (rest !== undefined && rest.byteLength > 0) show(stream, rest);
    }
  };
  return {
    path,
    write: (stream, chunk) => show(stream, streams[stream]?.write(chunk) ?? chunk),
    flush,
    tail: () => tail.toString("utf8"),
    [Symbol.dispose]() {
      closeSync(file);
    },
  };
}
