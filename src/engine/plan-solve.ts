/**
 * What a solve would do, without doing it: which steps have a result, and which would run. Keys are worked out as by the solver, as far as they can be
 * before a step has run. Layers are never brought here.
 */
import { DecantError, InternalError, isDecantError } from "../errors.ts";
import type { MissReason } from "../events.ts";
import { given } from "../given.ts";
import { reachable, type Vertex, type VertexId } from "../graph/index.ts";
import { findLayer, type LayerSource } from "../tree/index.ts";
import { createActionCache, keyOf } from "./action-cache.ts";
import { reasonOfMiss } from "./miss-reason.ts";
import { prepareDiff } from "./ops/diff-op.ts";
import { prepareExec } from "./ops/exec-op.ts";
import { prepareFile } from "./ops/file-op.ts";
import { EMPTY_STACK, layersIn, onTop, resultOf } from "./layer-stack.ts";
import { recordedStep } from "./ops/inputs.ts";
import { recordsOf } from "./step-records.ts";
import type { EngineContext, OpRun, VertexResult } from "./types.ts";

/** A step of a build that has not begun. */
export interface PlannedStep {
  readonly vertex: string;
  /** "[build 2/5] RUN npm ci" */
  readonly name: string;
  readonly stage?: string;
  /**
   * "hit": its result is there. "runs": it must run. "depends": it stands on a step that runs, and hits if that gives what it gave before. "unknown": its
   * files must be fetched before its key is known.
   */
  readonly verdict: "hit" | "runs" | "depends" | "unknown";
  /** Of a step that runs. */
  readonly reason?: MissReason;
  /** Of a step that depends: the name of the first one below it that runs. */
  readonly waitsFor?: string;
  /** What it took the last time, and how large its layer was. Absent: it never ran here. */
  readonly expectedMs?: number;
  readonly expectedBytes?: number;
}

/** A layer of a target: there is one, or only its size is guessed. */
export interface PlannedLayer {
  readonly source?: LayerSource;
  readonly expectedBytes?: number;
}

/** What a solve would do. */
interface PlannedSolve {
  /** In the order of the graph; internal steps and sources are left out. */
  readonly steps: readonly PlannedStep[];
  /** Layers that steps would bring here. */
  readonly fetched: readonly LayerSource[];
  /** Of each target, bottom first. */
  readonly targets: readonly (readonly PlannedLayer[])[];
  /** The longest chain of steps that run, by what they took the last time. Steps that never ran count nothing. */
  readonly expectedMs: number;
}

/** Layers on each other, as those of a chain of steps share them: a list for each step would take memory with the square of their number. */
interface PlannedStack {
  readonly below?: PlannedStack | undefined;
  readonly tops: readonly PlannedLayer[];
}

interface Outcome {
  /** Absent: a step below runs, so that nobody knows. */
  readonly result?: VertexResult;
  readonly waitsFor?: string;
  readonly stack: PlannedStack;
  /** When it is there. */
  readonly atMs: number;
}

const EMPTY: Outcome = { stack: { tops: [] }, atMs: 0 };

/** Plans. Sources of git and http are fetched, as keys need them. Throws as they do, and for what a step selects that is not there. */
export async function planSolve(
  targets: readonly (Vertex | undefined)[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<PlannedSolve> {
  const outcomes = new Map<VertexId, Outcome>();
  const steps: PlannedStep[] = [];
  const fetched = new Set<LayerSource>();
  /** Stacks that a step stands on. */
  const seen = new Set<PlannedStack>();
  const order = reachable(...targets.filter((target) => target !== undefined));
  for (const vertex of order) {
    signal.throwIfAborted();
    const inputs = vertex.inputs.map(({ id }) => outcomes.get(id) ?? EMPTY);
    const { outcome, step } = await planOne(vertex, inputs, context, signal);
    outcomes.set(vertex.id, outcome);
    if (step === undefined) continue;
    if (!vertex.meta.internal) steps.push(step);
    if (step.verdict === "hit") continue;
    for (const { source } of inputs.flatMap(({ stack }) => plannedIn(stack, seen)))
      if (source !== undefined && !isHere(context, source)) fetched.add(source);
  }
  const found = targets.map((target) => (target === undefined ? EMPTY : (outcomes.get(target.id) ?? EMPTY)));
  return {
    steps,
    fetched: [...fetched],
    targets: found.map(({ stack }) => plannedIn(stack)),
    expectedMs: Math.max(0, ...found.map(({ atMs }) => atMs)),
  };
}

/** The list of all its layers; with `seen`, of those that are in no stack which was seen before. */
function plannedIn(stack: PlannedStack, seen: Set<PlannedStack> = new Set()): PlannedLayer[] {
  const pieces: (readonly PlannedLayer[])[] = [];
  for (let at: PlannedStack | undefined = stack; at !== undefined && !seen.has(at); at = at.below) {
    seen.add(at);
    pieces.push(at.tops);
  }
  return pieces.toReversed().flat();
}

interface Planned {
  readonly outcome: Outcome;
  readonly step?: PlannedStep;
}

async function planOne(vertex: Vertex, inputs: readonly Outcome[], context: EngineContext, signal: AbortSignal): Promise<Planned> {
  const { op } = vertex;
  const atMs = Math.max(0, ...inputs.map((input) => input.atMs));
  const waitsFor = inputs.find((input) => input.waitsFor !== undefined)?.waitsFor;
  switch (op.kind) {
    case "source": {
      const provider = context.providers.find(({ schemes }) => schemes.includes(op.identifier.slice(0, op.identifier.indexOf(":"))));
      if (provider === undefined) throw new InternalError(`no provider for ${op.identifier}`);
      return { outcome: known(await provider.resolve(op, vertex.platform, signal, vertex.id), context, 0) };
    }
    case "merge": {
      const layers = inputs.flatMap(({ stack }) => plannedIn(stack));
      const sources = layers.flatMap(({ source }) => source ?? []);
      if (sources.length < layers.length) return { outcome: { stack: { tops: layers }, atMs, ...given({ waitsFor }) } };
      return { outcome: known(resultOf(onTop(EMPTY_STACK, sources)), context, atMs) };
    }
    case "diff": {
      const results = inputs.map(({ result }) => result ?? { kind: "layers" as const, layers: [] });
      if (waitsFor !== undefined) return { outcome: { stack: (inputs[op.upper] ?? EMPTY).stack, atMs, waitsFor } };
      const run = prepareDiff(op, results, context);
      if ("ingredients" in run) return await found(vertex, run, { below: EMPTY.stack, atMs }, context);
      return { outcome: known({ kind: "layers", layers: run }, context, atMs) };
    }
    case "exec":
    case "file": {
      const root = op.kind === "file" ? op.base : op.mounts.findIndex(({ dest }) => dest === "/") < 0 ? -1 : rootOf(op.mounts);
      const below = (inputs[root] ?? EMPTY).stack;
      if (waitsFor !== undefined) return missed(vertex, { verdict: "depends", waitsFor }, { below, atMs }, context);
      const results = inputs.map(({ result }) => result ?? { kind: "layers" as const, layers: [] });
      const run = await prepared(() =>
        op.kind === "exec" ? prepareExec(vertex, op, results, context, signal) : prepareFile(vertex, op, results, context, signal),
      );
      if (run === undefined) return missed(vertex, { verdict: "unknown" }, { below, atMs }, context);
      return await found(vertex, run, { below, atMs }, context);
    }
    default:
      return op satisfies never;
  }
}

function rootOf(mounts: Extract<Vertex["op"], { readonly kind: "exec" }>["mounts"]): number {
  const root = mounts.find(({ dest }) => dest === "/");
  return root?.type === "bind" ? root.input : -1;
}

/** Where a step stands. */
interface Ground {
  readonly below: PlannedStack;
  readonly atMs: number;
}

async function found(vertex: Vertex, run: OpRun, ground: Ground, context: EngineContext): Promise<Planned> {
  const key = keyOf(run.ingredients);
  const isOff = context.noCache || vertex.meta.ignoreCache;
  const hit = isOff ? undefined : createActionCache(context.store, { shared: context.shared }).find(key);
  if (hit !== undefined) {
    const source = onlyHere(context, hit);
    const stack = { below: ground.below, tops: [{ source }] };
    const outcome = { result: resultOf(onTop(run.below, [source])), stack, atMs: ground.atMs };
    return { outcome, step: { ...nameOf(vertex), verdict: "hit" } };
  }
  const step = { key, ...recordedStep(vertex, run, context), isOff, withPaths: true };
  const { reason } = await reasonOfMiss(context.store, step);
  return missed(vertex, { verdict: "runs", reason }, ground, context);
}

/** A step without a result: what it took and gave the last time stands for what it will. */
function missed(
  vertex: Vertex,
  verdict: Pick<PlannedStep, "verdict" | "reason" | "waitsFor">,
  { below, atMs }: Ground,
  context: EngineContext,
): Planned {
  const [record] = recordsOf(context.store, recordedStep(vertex, { ingredients: [] }, context).name);
  const { durationMs: expectedMs, sizeBytes: expectedBytes } = record ?? {};
  return {
    step: { ...nameOf(vertex), ...verdict, ...given({ expectedMs, expectedBytes }) },
    outcome: {
      waitsFor: verdict.waitsFor ?? vertex.meta.name,
      stack: { below, tops: [given({ expectedBytes })] },
      atMs: atMs + (expectedMs ?? 0),
    },
  };
}

function nameOf({ id, meta }: Vertex): Pick<PlannedStep, "vertex" | "name" | "stage"> {
  return { vertex: id, name: meta.name, ...given({ stage: meta.stage }) };
}

function known(result: VertexResult, context: EngineContext, atMs: number): Outcome {
  if (result.kind === "directory") return { result, stack: EMPTY.stack, atMs };
  const layers = result.layers.map((source) => onlyHere(context, source));
  const stack = { tops: layers.map((source) => ({ source })) };
  return { result: { ...result, layers: layersIn(onTop(EMPTY_STACK, layers)) }, stack, atMs };
}

function onlyHere(context: EngineContext, source: LayerSource): LayerSource {
  return isHere(context, source) ? source : withoutFiles(source);
}

function isHere({ store }: EngineContext, { layer, diffId }: LayerSource): boolean {
  return layer !== undefined || (diffId !== undefined && findLayer(store, diffId) !== undefined);
}

/** A layer that nobody may bring here. */
function withoutFiles(source: LayerSource): LayerSource {
  return { ...source, load: () => Promise.reject(new DecantError("BLOB_MISSING", "Cannot plan with a layer that is not here")) };
}

/** Undefined where its key needs files that are not here. */
async function prepared(work: () => Promise<OpRun>): Promise<OpRun | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isDecantError(error, "BLOB_MISSING")) return undefined;
    throw error;
  }
}
