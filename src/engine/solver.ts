/**
 * The solver: walks the graph from its inputs, looks each op's key up in the action cache, and runs what is missing. Ready vertices start at
 * once; results of sources and caches are lazy, so a chain of hits touches no layer.
 */
import { allOf, allSettledOf, createSemaphore, type Semaphore } from "../async.ts";
import type { Digest } from "../digest.ts";
import { InternalError, withSource } from "../errors.ts";
import { given } from "../given.ts";
import { reachable, type Vertex, type VertexId } from "../graph/index.ts";
import { formatReason } from "../reasons.ts";
import { planStep, prepareStep, reuseStep, runStep, runStepLater } from "../step.ts";
import { startProgress } from "../transfer.ts";
import { type LayerSource, loadLayers } from "../tree/index.ts";
import { type ActionCache, createActionCache, keyOf } from "./action-cache.ts";
import { baseInputs, type Descent, descents, remaining } from "./chains.ts";
import { areHere, lazyLayers } from "./lazy-layers.ts";
import { emptyCaches } from "./ops/cache-mounts.ts";
import { prepareExec } from "./ops/exec-op.ts";
import { prepareFile } from "./ops/file-op.ts";
import { type MissedStep, reasonOfMiss } from "./miss-reason.ts";
import { layersOf, recordedStep, stacked } from "./ops/inputs.ts";
import { basesOfRuns } from "./run-bases.ts";
import { hashSelections } from "./selections.ts";
import { notCached } from "./errors.ts";
import type { EngineContext, Material, OpRun, VertexResult } from "./types.ts";

/** What one target came to. */
export interface Solution {
  readonly layers: readonly LayerSource[];
  /** The layers of every vertex of the solve that gave layers. */
  readonly layersOf: (vertex: VertexId) => readonly LayerSource[] | undefined;
  /** What the source vertices below the target were made of, in the order of the graph. Images tell in their identifiers. */
  readonly materials: readonly Material[];
}

/** What a solve gives. */
export interface Solved {
  /** One for each target, in their order. */
  readonly solutions: readonly Solution[];
  /** Steps that ran, and steps that were reused. */
  readonly executed: number;
  readonly cached: number;
}

/** An image without layers. */
const EMPTY: Solution = { layers: [], layersOf: () => undefined, materials: [] };

/**
 * Solves the graphs below `targets` at the same time; what they share is done once. An undefined target is an image without layers. The first failure
 * stops everything else, and is thrown when all has come to rest.
 */
export async function solve(targets: readonly (Vertex | undefined)[], context: EngineContext, signal: AbortSignal): Promise<Solved> {
  const stop = new AbortController();
  const linked = AbortSignal.any([signal, stop.signal]);
  const cache = createActionCache(context.store, { shared: context.shared, forget: context.again !== undefined });
  const counts = { executed: 0, cached: 0 };
  const order = reachable(...targets.filter((target) => target !== undefined));
  for (const vertex of order) announce(vertex, context);
  await emptyCaches(context.store, uncachedMounts(order, context));

  const sources: OpenSource[] = [];
  const turn = context.again === undefined ? undefined : createSemaphore(1);
  const known = { descents: new Map<VertexId, Descent>(), hits: new Map<VertexId, LayerSource>() };
  const state: SolveState = { turn, order, runBases: basesOfRuns(order), sources, context, cache, counts, signal: linked, ...known };
  const results = new Map<VertexId, Promise<VertexResult>>();
  const layers = new Map<VertexId, readonly LayerSource[]>();
  const materials = new Map<VertexId, readonly Material[]>();
  const failures: unknown[] = [];
  const wait = (vertex: Vertex): Promise<VertexResult> =>
    results.get(vertex.id) ?? Promise.reject(new InternalError("a vertex came before its input"));
  const begin = (vertex: Vertex): void => {
    const result = solveOne(vertex, state, wait);
    results.set(vertex.id, result);
    result.then(
      (found) => {
        if (found.kind !== "layers") return;
        layers.set(vertex.id, found.layers);
        if (found.materials !== undefined) materials.set(vertex.id, found.materials);
      },
      (error: unknown) => {
        failures.push(error);
        stop.abort(error);
      },
    );
  };
  if (context.shared === undefined) for (const vertex of order) begin(vertex);
  else await beginByDescent(targets, { ...state, begin, wait });
  await allSettledOf(results.values());
  for (const source of sources) source.close(failures.length > 0);
  await allSettledOf(sources.map((source) => source.ended()));
  if (failures.length > 0) throw signal.aborted ? signal.reason : failures[0];
  const solutions: Solution[] = [];
  for (const target of targets)
    solutions.push(
      target === undefined
        ? EMPTY
        : {
            layers: layersOf(await wait(target)),
            layersOf: (id) => layers.get(id),
            materials: reachable(target).flatMap(({ id }) => materials.get(id) ?? []),
          },
    );
  return { solutions, ...counts };
}

/** With caches of other machines: what their records of the targets decide alone need not be solved. */
async function beginByDescent(
  targets: readonly (Vertex | undefined)[],
  state: SolveState & { readonly begin: (vertex: Vertex) => void; readonly wait: (vertex: Vertex) => Promise<VertexResult> },
): Promise<void> {
  const { order, context, signal, begin, wait, descents: known, hits } = state;
  const isSource = ({ op }: Vertex): boolean => op.kind === "source";
  for (const vertex of order) if (isSource(vertex)) begin(vertex);
  for (const [id, descent] of await descents(order, context, wait, signal).catch(() => new Map<VertexId, Descent>()))
    known.set(id, descent);
  const find = (key: Digest): LayerSource | undefined => (context.noCache ? undefined : context.shared?.action(key));
  const left = remaining(order, targets, known, find);
  for (const [id, hit] of left.hits) hits.set(id, hit);
  for (const vertex of order) {
    if (isSource(vertex)) continue;
    if (context.allStages === true || left.needed.has(vertex.id)) begin(vertex);
    else if (vertex.op.kind !== "merge") reuseStep(context.emit, vertex.id, "nothing needs it: what it is for is known");
  }
}

/** Ids of the cache mounts of steps that must not use the cache: where the user says so, they start anew, once a build (rule S117). */
function uncachedMounts(order: readonly Vertex[], context: EngineContext): Set<string> {
  if (context.noCacheMounts !== true) return new Set();
  return new Set(
    order
      .filter(({ meta }) => context.noCache || meta.ignoreCache)
      .flatMap(({ op }) => (op.kind === "exec" ? op.mounts : []))
      .flatMap((mount) => (mount.type === "cache" ? [mount.id] : [])),
  );
}

/** A source whose step may go on while others use what it gave. */
interface OpenSource {
  /** Nothing will use it any more. */
  close(hasFailed: boolean): void;
  /** Settles when its step has come to rest. */
  ended(): Promise<unknown>;
}

interface SolveState {
  /** Steps run one at a time. */
  readonly turn: Semaphore | undefined;
  readonly order: readonly Vertex[];
  readonly sources: OpenSource[];
  readonly runBases: ReadonlySet<VertexId>;
  readonly context: EngineContext;
  readonly cache: ActionCache;
  readonly counts: { executed: number; cached: number };
  /** With caches of other machines: what vertices descend from, and layers that are known by that. */
  readonly descents: Map<VertexId, Descent>;
  readonly hits: Map<VertexId, LayerSource>;
  readonly signal: AbortSignal;
}

async function solveOne(vertex: Vertex, state: SolveState, wait: (vertex: Vertex) => Promise<VertexResult>): Promise<VertexResult> {
  const hit = state.hits.get(vertex.id);
  const ready = await allOf((hit === undefined ? vertex.inputs : baseInputs(vertex)).map(wait));
  state.signal.throwIfAborted();
  const result = hit === undefined ? await perform(vertex, ready, state) : reuseByDescent(vertex, ready, hit, state);
  const key = state.descents.get(vertex.id)?.key;
  const own = result.kind === "layers" ? result.layers.at(-1) : undefined;
  if (key !== undefined && own !== undefined) state.context.shared?.tookAction(key, own);
  return result;
}

function reuseByDescent(vertex: Vertex, [base]: readonly VertexResult[], hit: LayerSource, state: SolveState): VertexResult {
  const below = base === undefined ? [] : layersOf(base);
  return reuse(vertex, { below }, hit, "result of an earlier build elsewhere", state);
}

async function perform(vertex: Vertex, inputs: readonly VertexResult[], state: SolveState): Promise<VertexResult> {
  const { context, signal } = state;
  const { op } = vertex;
  switch (op.kind) {
    case "source": {
      const scheme = op.identifier.slice(0, op.identifier.indexOf(":"));
      const provider = context.providers.find(({ schemes }) => schemes.includes(scheme));
      if (provider === undefined) throw new InternalError(`no provider for ${scheme}`);
      const resolve = (): Promise<VertexResult> => provider.resolve(op, vertex.platform, signal, vertex.id);
      if (provider.isLazy !== true) return working(vertex, state, resolve);
      return opened(vertex, await preparing(vertex, state, resolve), state);
    }
    case "merge":
      return await placed(vertex, async () => ({ kind: "layers", layers: merged(inputs) }));
    case "exec":
      return cachedOrRun(vertex, await preparing(vertex, state, () => prepareExec(vertex, op, inputs, context, signal)), state);
    case "file":
      return cachedOrRun(vertex, await preparing(vertex, state, () => prepareFile(vertex, op, inputs, context, signal)), state);
    default:
      return op satisfies never;
  }
}

async function cachedOrRun(vertex: Vertex, run: OpRun, state: SolveState): Promise<VertexResult> {
  const { context, cache, counts, signal } = state;
  const key = keyOf(run.ingredients);
  const useCache = !context.noCache && context.again === undefined && !vertex.meta.ignoreCache;
  const hit = useCache ? cache.find(key) : undefined;
  if (hit !== undefined) return reuse(vertex, { ...run, key }, hit, "result of an earlier build", state);
  // Two processes, or two builds of one process, that need the same vertex build it once (decision 4).
  const lock = `action-${key.slice(key.indexOf(":") + 1)}`;
  await using _lock = await preparing(vertex, state, () => context.store.locks.acquire(lock, { signal }));
  const late = useCache ? cache.find(key) : undefined;
  if (late !== undefined) return reuse(vertex, { ...run, key }, late, "result of a build that ran at the same time", state);
  const step = { key, ...recordedStep(vertex, run, context) };
  // Of a second build there is nothing to explain.
  if (context.again === undefined) await preparing(vertex, state, () => tellMiss(vertex, step, state));
  using _turn = await state.turn?.acquire(signal);
  const kept = await runStepLater(context.emit, vertex.id, signal, (running) =>
    placed(vertex, async () => {
      let startedAt = Date.now();
      const start = (): void => {
        startedAt = Date.now();
        running.start();
      };
      const layer = await run.execute(signal, start);
      const durationMs = Date.now() - startedAt;
      await context.guard?.checkLayer(layer, signal);
      return cache.keep(key, layer, { ...step, durationMs });
    }),
  );
  if (!vertex.meta.internal) counts.executed += 1;
  await context.grew?.();
  return { kind: "layers", layers: stacked(run.below, [kept]) };
}

/** The result of a lazy source, with what is left to do as its step: to hash what is selected of a directory, or to bring layers here. */
function opened(vertex: Vertex, result: VertexResult, state: SolveState): VertexResult {
  const { context, order, sources, signal } = state;
  const { emit, store } = context;
  if (result.kind === "directory") {
    const progress = startProgress(emit, { vertex: vertex.id, id: result.name, action: "read" });
    const selections = hashSelections(vertex, order, result, { signal, onRead: progress.add });
    const hashing = runStep(emit, vertex.id, signal, async () => {
      await selections.ended;
      progress.end();
      signal.throwIfAborted();
    });
    sources.push({ close: () => undefined, ended: () => hashing });
    // What cannot be hashed is told by the step that selects it.
    hashing.catch(() => undefined);
    return { ...result, selections };
  }
  if (areHere(store, result.layers)) {
    reuseStep(emit, vertex.id, "all of its layers are in the store");
    return result;
  }
  const options = { unpack: state.runBases.has(vertex.id), vertex: vertex.id };
  const lazy = lazyLayers(result.layers, () => working(vertex, state, () => loadLayers(result.layers, signal, options)));
  sources.push({
    close(hasFailed) {
      if (!lazy.close() && !hasFailed) reuseStep(emit, vertex.id, "no step needed its files");
    },
    ended: () => lazy.ended(),
  });
  return { ...result, layers: lazy.layers };
}

/** Does the work of a vertex as a step. */
async function working<Result>(vertex: Vertex, { context, signal }: SolveState, work: () => Promise<Result>): Promise<Result> {
  return await runStep(context.emit, vertex.id, signal, () => placed(vertex, work));
}

async function preparing<Result>(vertex: Vertex, { context, signal }: SolveState, work: () => Promise<Result>): Promise<Result> {
  return await prepareStep(context.emit, vertex.id, signal, () => placed(vertex, work));
}

/** What each input has, on top of those before it. */
function merged(inputs: readonly VertexResult[]): readonly LayerSource[] {
  const [below = [], ...rest] = inputs.map(layersOf);
  return rest.reduce((all, tops) => stacked(all, tops), below);
}

/** An error without a place gets that of the instruction. */
async function placed<Result>({ meta }: Vertex, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw meta.source === undefined ? error : withSource(error, meta.source);
  }
}

function reuse(
  vertex: Vertex,
  { below, key }: Pick<OpRun, "below"> & { readonly key?: string },
  hit: LayerSource,
  why: string,
  state: SolveState,
): VertexResult {
  if (!vertex.meta.internal) state.counts.cached += 1;
  reuseStep(state.context.emit, vertex.id, why, key);
  return { kind: "layers", layers: stacked(below, [hit]) };
}

/** Says why a step must run. Throws `NOT_CACHED` where it must not. */
async function tellMiss(
  { id, meta }: Vertex,
  step: Pick<MissedStep, "key" | "name" | "ingredients">,
  { context }: SolveState,
): Promise<void> {
  const { store, explain, expectCached, noCache, emit } = context;
  const isOff = noCache || meta.ignoreCache;
  const { reason, nearest } = await reasonOfMiss(store, { ...step, isOff, withPaths: explain || expectCached });
  emit({ type: "vertex.missed", vertex: id, reason, key: step.key, ...given({ nearest }) });
  if (expectCached && !meta.internal) throw notCached(meta.name, formatReason(reason));
}

function announce(vertex: Vertex, context: EngineContext): void {
  const { name, stage, source } = vertex.meta;
  // Putting layers on top of each other is no work.
  if (vertex.op.kind === "merge") return;
  planStep(context.emit, { vertex: vertex.id, name, stage, source, inputs: [...new Set(stepsBelow(vertex))] });
}

/** The steps that it waits for, through the merges below it. */
function stepsBelow({ inputs }: Vertex): VertexId[] {
  return inputs.flatMap((input) => (input.op.kind === "merge" ? stepsBelow(input) : [input.id]));
}
