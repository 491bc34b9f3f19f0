/** One vertex of a solve: found in the action cache, or done as its step. A source that is lazy stays open while others use it. */
import { allOf, type Semaphore } from "../async.ts";
import type { Digest } from "../digest.ts";
import { InternalError, withSource } from "../errors.ts";
import { given } from "../given.ts";
import type { Vertex, VertexId } from "../graph/index.ts";
import { formatReason } from "../reasons.ts";
import { prepareStep, reuseStep, runStep, runStepLater } from "../step.ts";
import { startProgress } from "../transfer.ts";
import { type LayerSource, loadLayers } from "../tree/index.ts";
import { type ActionCache, keyOf } from "./action-cache.ts";
import { baseInputs, type Descent } from "./chains.ts";
import { notCached } from "./errors.ts";
import { areHere, lazyLayers } from "./lazy-layers.ts";
import { EMPTY_STACK, onTop, resultOf, stackOf } from "./layer-stack.ts";
import { type MissedStep, reasonOfMiss } from "./miss-reason.ts";
import { prepareDiff } from "./ops/diff-op.ts";
import { prepareExec } from "./ops/exec-op.ts";
import { prepareFile } from "./ops/file-op.ts";
import { merged, recordedStep } from "./ops/inputs.ts";
import { hashSelections } from "./selections.ts";
import type { EngineContext, OpRun, VertexResult } from "./types.ts";

/** A source whose step may go on while others use what it gave. */
export interface OpenSource {
  /** Nothing will use it any more. */
  close(hasFailed: boolean): void;
  /** Settles when its step has come to rest. */
  ended(): Promise<unknown>;
}

/** What the vertices of a solve share. */
export interface SolveState {
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
  /** What steps of this solve have made besides their own result, by key. */
  readonly besides: Map<Digest, LayerSource>;
  readonly signal: AbortSignal;
}

/** Solves one vertex, once `wait` has given its inputs: by what is known of it, else by doing its op. Throws as ops, with the place of the instruction. */
export async function solveOne(vertex: Vertex, state: SolveState, wait: (vertex: Vertex) => Promise<VertexResult>): Promise<VertexResult> {
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
  const below = base?.kind === "layers" ? stackOf(base) : EMPTY_STACK;
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
      return await placed(vertex, async () => merged(inputs));
    case "diff": {
      const found = await placed(vertex, async () => prepareDiff(op, inputs, context));
      if ("ingredients" in found) return cachedOrRun(vertex, found, state);
      if (!vertex.meta.internal) reuseStep(context.emit, vertex.id, "one is built on the other");
      return resultOf(onTop(EMPTY_STACK, found));
    }
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
  const turns = run.turnKey ?? key;
  const lock = `action-${turns.slice(turns.indexOf(":") + 1)}`;
  await using _lock = await preparing(vertex, state, () => context.store.locks.acquire(lock, { signal }));
  const late = (useCache ? cache.find(key) : undefined) ?? state.besides.get(key);
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
      const layer = await run.execute(signal, start, async (other, besides) => {
        await context.guard?.checkLayer(besides, signal);
        const otherKey = keyOf(other);
        state.besides.set(otherKey, await cache.keep(otherKey, besides, recordedStep(vertex, { ingredients: other }, context)));
      });
      const durationMs = Date.now() - startedAt;
      await context.guard?.checkLayer(layer, signal);
      return cache.keep(key, layer, { ...step, durationMs });
    }),
  );
  if (!vertex.meta.internal) counts.executed += 1;
  await context.grew?.();
  return resultOf(onTop(run.below, [kept]));
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
      // Who opened the directory writes them again in the end, and tells of what fails.
      await result.flush?.().catch(() => undefined);
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
  return resultOf(onTop(below, [hit]));
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
