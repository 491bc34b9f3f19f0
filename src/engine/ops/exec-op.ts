/** ExecOp: runs a process over the input's layers in a sandbox; what it changed becomes a layer. The key is rule S110's. */
import { framedDigest } from "../../digest.ts";
import { soundsSecret } from "../../dockerfile/index.ts";
import { InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import type { BindMount, ExecOp, Vertex } from "../../graph/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { isWithin, treePath } from "../../paths.ts";
import { deviceFiles, type Layer, layerTree, loadLayers, type Tree } from "../../tree/index.ts";
import { publicVariable } from "../../url-secrets.ts";
import type { DeviceInjection } from "../devices/index.ts";
import { emulationOf, isHarmlessDevice, type Sandbox, type SandboxStep, type StagedChanges } from "../sandbox/index.ts";
import { keyOf } from "../action-cache.ts";
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
import { networkOf, startNetwork } from "./step-network.ts";

/** Prepares a RUN: its key now, its work when it is needed. */
export async function prepareExec(
  vertex: Vertex,
  op: ExecOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<OpRun> {
  const below = stackBelow(rootInput(op), inputs);
  const mounts = await prepareMounts(vertex, op, inputs, context, signal);
  const devices = await context.devices.resolve(op.devices);
  const common = [...execIngredients(vertex, op, below, context), ...deviceIngredients(devices), ...mounts.ingredients];
  const outputs = outputsOf(op).map((mount) => ({ mount, below: stackBelow(mount.input, inputs) }));
  const ofMount = ({ mount, below: own }: MountOutput): readonly Ingredient[] => [
    ...common,
    { name: "result", value: JSON.stringify([mount.dest, own.key]) },
  ];
  const own = op.result === undefined ? undefined : outputs.find(({ mount }) => mount === op.mounts[op.result ?? -1]);
  const ingredients = own === undefined ? common : ofMount(own);
  return {
    ingredients,
    below: own?.below ?? below,
    ...(outputs.length === 0 ? {} : { turnKey: framedDigest(["process", keyOf(common)]) }),
    async execute(innerSignal, start, besides) {
      const made = await runExec({ vertex, op, below, mounts, outputs, devices, context, start }, innerSignal);
      if (own !== undefined) await besides(common, made.root);
      for (const output of outputs) {
        const layer = made.outputs.get(output.mount);
        if (output !== own && layer !== undefined) await besides(ofMount(output), layer);
      }
      const result = own === undefined ? made.root : made.outputs.get(own.mount);
      if (result === undefined) throw new InternalError("a process has not given what it was run for");
      return result;
    },
  };
}

/** A mount of a process whose changes are a result. */
interface MountOutput {
  readonly mount: BindMount;
  readonly below: LayerStack;
}

/** The mounts besides the root whose changes are results. */
function outputsOf(op: ExecOp): BindMount[] {
  return op.mounts.flatMap((mount) => (mount.type === "bind" && mount.output >= 0 && mount.dest !== "/" ? [mount] : []));
}

function rootInput(op: ExecOp): number {
  const root = op.mounts.find((mount) => mount.dest === "/");
  return root?.type === "bind" ? root.input : -1;
}

/** The input that the layer of an exec op goes on; -1: none. */
export function resultInput(op: ExecOp): number {
  const mount = op.result === undefined ? undefined : op.mounts[op.result];
  return mount?.type === "bind" ? mount.input : rootInput(op);
}

function stackBelow(input: number, inputs: readonly VertexResult[]): LayerStack {
  return input < 0 ? EMPTY_STACK : baseStackOf(inputs[input]);
}

function execIngredients(vertex: Vertex, op: ExecOp, below: LayerStack, context: EngineContext): Ingredient[] {
  const { meta } = op;
  const args = new Set(meta.argNames);
  return [
    { name: "op", value: "exec" },
    { name: "base", value: below.key, ...shownBase(vertex, rootInput(op)) },
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
    ...(meta.validExitCodes === undefined ? [] : [{ name: "valid exit codes", value: meta.validExitCodes.join(" ") }]),
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
  readonly outputs: readonly MountOutput[];
  readonly devices: DeviceInjection | undefined;
  readonly context: EngineContext;
  /** All that the process needs is here. */
  readonly start: () => void;
}

/** What a process has changed. */
interface Changes {
  readonly root: Layer;
  readonly outputs: ReadonlyMap<BindMount, Layer>;
}

async function runExec(work: StepWork, signal: AbortSignal): Promise<Changes> {
  const { vertex, op, below, context } = work;
  const sandbox = startSandbox(op, context);
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
  { vertex, op, mounts, outputs, devices, context, start }: StepWork,
  { layers, lowers, tree, sandbox }: StepBase,
  isLast: boolean,
  signal: AbortSignal,
): Promise<Changes> {
  const { stepTimeoutMs } = context;
  await using staged = await sandbox.files.stage();
  if (staged.inMemory) tellInMemory(context);
  const upper = staged.path;
  const network = await networkOf(op, sandbox, context);
  const emulation = await emulationOf(vertex.platform);
  await using stages = new AsyncDisposableStack();
  const staging = new Map<BindMount, StagedChanges>();
  for (const { mount } of outputs) staging.set(mount, stages.use(await sandbox.files.stage()));
  await using opened = await mounts.open(signal, (mount) => staging.get(mount)?.path);
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
    ...(network.network === "own" ? { capabilities: OF_SHARED_NETWORK } : {}),
    mounts: [...(emulation?.mounts ?? []), ...(devices?.mounts ?? []), ...opened.mounts],
    ...(devices === undefined ? {} : { devices: devices.devices, hooks: devices.hooks, additionalGids: devices.additionalGids }),
    ...given({ shmSizeBytes: opened.shmSizeBytes }),
    extraHosts: op.meta.extraHosts,
    ulimits: op.meta.ulimits,
    readOnlyRoot: isReadOnly(op),
    insecure: op.security === "insecure",
    foreignDevices: !deviceFiles(layers).every(isHarmlessDevice),
    ...given({ caCertificates: context.caCertificates }),
    onOutput: log.write,
    signal: timer.signal,
  };
  const seen = { vertex, op, tree, layers, upper };
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
  if (result.copied === true) tellCopied(context);
  if (result.usage !== undefined) context.emit({ type: "vertex.usage", vertex: vertex.id, usage: result.usage });
  log.flush();
  if (!(op.meta.validExitCodes ?? [0]).includes(result.exitCode))
    await fail(await runFailure(result, { ...seen, network, logFile: log.path, logTail: log.tail(), log: log.text() }));
  const kept = new Map<BindMount, Layer>();
  for (const { mount, below } of outputs) {
    const changes = staging.get(mount);
    if (changes !== undefined) kept.set(mount, await changes.keep(await loadLayers(layersIn(below), signal), [], signal));
  }
  return { root: await staged.keep(layers, missingSystemDirectories(tree, op), signal), outputs: kept };
}

function isReadOnly({ mounts }: ExecOp): boolean {
  const root = mounts.find(({ dest }) => dest === "/");
  return root?.type === "bind" && root.readonly;
}

/** Once a build: the same warning may come from several steps. */
function tellInMemory({ store, warn }: EngineContext): void {
  warn(
    "StoreOnOverlay",
    `The store "${store.root}" is on the file system of a container (overlayfs): steps keep their changes in memory, and all layers below them are joined for each; a volume for the store is faster`,
    undefined,
  );
}

/** Once a build, as above. */
function tellCopied({ warn }: EngineContext): void {
  warn(
    "LayersCopied",
    "The kernel refuses overlays here: each step works on a copy of all files below it, which takes time and disk",
    undefined,
  );
}

/** Steps share it, and are not to read what others send, as they may not on the host's. */
const OF_SHARED_NETWORK = { add: [], drop: ["NET_RAW"] } as const;

/** Variables of devices take the place of the step's own. */
function withoutNames(env: readonly string[], replaced: readonly string[]): readonly string[] {
  const names = new Set(replaced.map(nameOf));
  return names.size === 0 ? env : env.filter((pair) => !names.has(nameOf(pair)));
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf("="));
}

/** Begins to start the sandbox, while layers are still on their way. */
function startSandbox(op: ExecOp, context: EngineContext): Promise<Sandbox> {
  const started = context.sandbox().then(async (sandbox) => {
    startNetwork(op, sandbox, context);
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
