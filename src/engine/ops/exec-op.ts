/** ExecOp: runs a process over the input's layers in a sandbox; what it changed becomes a layer. The key is rule S110's. */
import { soundsSecret } from "../../dockerfile/index.ts";
import { given } from "../../given.ts";
import type { ExecOp, Vertex } from "../../graph/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { isWithin, treePath } from "../../paths.ts";
import { deviceFiles, type Layer, layerTree, loadLayers, type Tree } from "../../tree/index.ts";
import { publicVariable } from "../../url-secrets.ts";
import type { DeviceInjection } from "../devices/index.ts";
import { isHarmlessDevice, type Sandbox, type SandboxStep, type UsualNetwork } from "../sandbox/index.ts";
import { EMPTY_STACK, layersIn } from "../layer-stack.ts";
import type { EngineContext, Ingredient, LayerStack, OpRun, VertexResult } from "../types.ts";
import { tellDropped } from "./dropped-attributes.ts";
import { offerShell } from "./failure-shell.ts";
import { type PreparedMounts, prepareMounts } from "./exec-mounts.ts";
import { baseStackOf, shownBase } from "./inputs.ts";
import { unpackedFor } from "./own-step.ts";
import { runFailure, startFailure } from "./run-failure.ts";
import { startTimer, timeoutFailure, withRetries } from "./step-attempts.ts";
import { openLog } from "./step-log.ts";

/** Prepares a RUN: its key now, its work when it is needed. */
export async function prepareExec(
  vertex: Vertex,
  op: ExecOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<OpRun> {
  const root = op.mounts.find((mount) => mount.dest === "/");
  const below = root?.type !== "bind" || root.input < 0 ? EMPTY_STACK : baseStackOf(inputs[root.input]);
  const mounts = await prepareMounts(vertex, op, inputs, context, signal);
  const devices = await context.devices.resolve(op.devices);
  return {
    ingredients: [...execIngredients(vertex, op, below, context), ...deviceIngredients(devices), ...mounts.ingredients],
    below,
    execute: (innerSignal, start) => runExec({ vertex, op, below, mounts, devices, context, start }, innerSignal),
  };
}

function execIngredients(vertex: Vertex, op: ExecOp, below: LayerStack, context: EngineContext): Ingredient[] {
  const { meta } = op;
  const args = new Set(meta.argNames);
  const root = op.mounts.find((mount) => mount.dest === "/");
  return [
    { name: "op", value: "exec" },
    { name: "base", value: below.key, ...shownBase(vertex, root?.type === "bind" ? root.input : -1) },
    { name: "command", value: JSON.stringify(meta.args), kind: "instruction", shown: "command" },
    ...meta.env.map((line): Ingredient => {
      const at = line.indexOf("=");
      const name = line.slice(0, at);
      // Kept in readable form.
      const value = publicVariable(name, line.slice(at + 1));
      const kind = args.has(name) ? "arg" : "env";
      return { name: `ENV ${name}`, value, kind, ...(soundsSecret(name) ? { isSecret: true } : {}) };
    }),
    { name: "working directory", value: meta.cwd },
    { name: "user", value: meta.user },
    { name: "hostname", value: meta.hostname ?? "" },
    { name: "network", value: keyNetwork(op, context) },
    { name: "platform", value: formatPlatform(vertex.platform) },
    ...(op.security === "sandbox" ? [] : [{ name: "security", value: op.security }]),
    ...meta.ulimits.map(({ name, soft, hard }) => ({ name: `ulimit ${name}`, value: `${soft}:${hard}` })),
    ...meta.extraHosts.map(({ host }) => ({ name: `host ${host}`, value: "" })),
  ];
}

/** Who has no wish is joined to the host's network, by whatever way. */
function keyNetwork({ network }: ExecOp, { defaultNetwork }: EngineContext): string {
  if (network !== "sandbox") return network;
  return defaultNetwork === "default" ? "host" : defaultNetwork;
}

function deviceIngredients(devices: DeviceInjection | undefined): Ingredient[] {
  return devices === undefined ? [] : [{ name: "devices", value: [...devices.names, devices.digest].join("\n") }];
}

interface StepWork {
  readonly vertex: Vertex;
  readonly op: ExecOp;
  readonly below: LayerStack;
  readonly mounts: PreparedMounts;
  readonly devices: DeviceInjection | undefined;
  readonly context: EngineContext;
  /** All that the process needs is here. */
  readonly start: () => void;
}

async function runExec(work: StepWork, signal: AbortSignal): Promise<Layer> {
  const { vertex, below, context } = work;
  const sandbox = startSandbox(context);
  const layers = await loadLayers(layersIn(below), signal);
  const lowers = await unpackedFor(vertex, layers, context, signal);
  tellDropped(context, layers);
  const base: StepBase = { layers, lowers, tree: layerTree(layers), sandbox: await sandbox };
  return await withRetries(vertex, context, signal, (isLast) => runOnce(work, base, isLast, signal));
}

/** What every attempt of a step starts from. */
interface StepBase {
  readonly layers: readonly Layer[];
  readonly lowers: readonly string[];
  readonly tree: Tree;
  readonly sandbox: Sandbox;
}

async function runOnce(
  { vertex, op, mounts, devices, context, start }: StepWork,
  { layers, lowers, tree, sandbox }: StepBase,
  isLast: boolean,
  signal: AbortSignal,
): Promise<Layer> {
  const { stepTimeoutMs } = context;
  await using staged = await sandbox.files.stage();
  if (staged.inMemory) tellInMemory(context);
  const upper = staged.path;
  const network = await networkOf(op, sandbox, context);
  await using opened = await mounts.open(signal);
  using log = openLog(context, vertex);
  start();
  using timer = startTimer(stepTimeoutMs, signal);
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
    ...network,
    mounts: [...(devices?.mounts ?? []), ...opened.mounts],
    ...(devices === undefined ? {} : { devices: devices.devices, hooks: devices.hooks, additionalGids: devices.additionalGids }),
    ...given({ shmSizeBytes: opened.shmSizeBytes }),
    extraHosts: op.meta.extraHosts,
    ulimits: op.meta.ulimits,
    insecure: op.security === "insecure",
    foreignDevices: !deviceFiles(layers).every(isHarmlessDevice),
    ...given({ caCertificates: context.caCertificates }),
    onOutput: log.write,
    signal: timer.signal,
  };
  const seen = { vertex, op, tree, upper };
  const fail = async (error: unknown): Promise<never> => {
    log.flush();
    // What ended the attempt does not end the shell.
    if (isLast) await offerShell(error, { ...step, signal }, { sandbox, context });
    throw error;
  };
  const result = await sandbox.run(step).catch(async (error: unknown) => {
    const isLate = stepTimeoutMs !== undefined && timer.isUp();
    return await fail(isLate ? timeoutFailure(vertex, stepTimeoutMs, log) : await startFailure(error, seen));
  });
  if (result.usage !== undefined) context.emit({ type: "vertex.usage", vertex: vertex.id, usage: result.usage });
  log.flush();
  if (result.exitCode !== 0) await fail(await runFailure(result, { ...seen, logFile: log.path, logTail: log.tail(), log: log.text() }));
  return await staged.keep(layers, missingSystemDirectories(tree, op), signal);
}

/** Once a build: the same warning may come from several steps. */
function tellInMemory({ store, warn }: EngineContext): void {
  warn(
    "StoreOnOverlay",
    `The store "${store.root}" is on the file system of a container (overlayfs): steps keep their changes in memory, and all layers below them are joined for each; a volume for the store is faster`,
    undefined,
  );
}

async function networkOf({ network }: ExecOp, sandbox: Sandbox, { defaultNetwork, warn }: EngineContext): Promise<UsualNetwork> {
  if (network !== "sandbox") return { network };
  if (defaultNetwork !== "default") return { network: defaultNetwork };
  const { lack, ...usual } = await sandbox.usualNetwork();
  if (lack !== undefined) {
    const remedy = lack.hint === undefined ? "" : ` (${lack.hint})`;
    warn("HostNetwork", `Steps are on the network of this machine and reach its loopback: ${lack.message}${remedy}`, undefined);
  }
  return usual;
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
function missingSystemDirectories(root: Tree, { mounts }: ExecOp): readonly string[] {
  return SYSTEM_DIRECTORIES.filter((name) => root.lookup(name) === undefined && !mounts.some(({ dest }) => isWithin(treePath(dest), name)));
}
