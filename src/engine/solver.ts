/**
 * The solver: walks the graph from its inputs; `solve-vertex.ts` does the vertices. Ready vertices start at once; results of sources and caches
 * are lazy, so a chain of hits touches no layer.
 */
import { allSettledOf, createSemaphore } from "../async.ts";
import type { Digest } from "../digest.ts";
import { InternalError } from "../errors.ts";
import { reachable, type Vertex, type VertexId } from "../graph/index.ts";
import { planStep, reuseStep } from "../step.ts";
import type { LayerSource } from "../tree/index.ts";
import { createActionCache } from "./action-cache.ts";
import { type Descent, descents, remaining } from "./chains.ts";
import { emptyCaches } from "./ops/cache-mounts.ts";
import { layersOf } from "./ops/inputs.ts";
import { basesOfRuns } from "./run-bases.ts";
import { type OpenSource, solveOne, type SolveState } from "./solve-vertex.ts";
import { readFiles } from "./selections.ts";
import type { EngineContext, Material, ReadSelection, Selections, VertexResult } from "./types.ts";

/** What one target came to. */
export interface Solution {
  readonly layers: readonly LayerSource[];
  /** The layers of every vertex of the solve that gave layers. */
  readonly layersOf: (vertex: VertexId) => readonly LayerSource[] | undefined;
  /** What the source vertices below the target were made of, in the order of the graph. Images tell in their identifiers. */
  readonly materials: readonly Material[];
  /** What its steps have read of directories of the host. */
  readonly read: readonly ReadSelection[];
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
const EMPTY: Solution = { layers: [], layersOf: () => undefined, materials: [], read: [] };

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
  const known = {
    descents: new Map<VertexId, Descent>(),
    hits: new Map<VertexId, LayerSource>(),
    besides: new Map<Digest, LayerSource>(),
  };
  const state: SolveState = { turn, order, runBases: basesOfRuns(order), sources, context, cache, counts, signal: linked, ...known };
  const results = new Map<VertexId, Promise<VertexResult>>();
  const found = new Map<VertexId, Extract<VertexResult, { readonly kind: "layers" }>>();
  const selections = new Map<VertexId, Selections>();
  const failures: unknown[] = [];
  const wait = (vertex: Vertex): Promise<VertexResult> =>
    results.get(vertex.id) ?? Promise.reject(new InternalError("a vertex came before its input"));
  const begin = (vertex: Vertex): void => {
    const result = solveOne(vertex, state, wait);
    results.set(vertex.id, result);
    result.then(
      (made) => {
        if (made.kind === "layers") found.set(vertex.id, made);
        else if (made.selections !== undefined) selections.set(vertex.id, made.selections);
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
            layersOf: (id) => found.get(id)?.layers,
            materials: reachable(target).flatMap(({ id }) => found.get(id)?.materials ?? []),
            read: readFiles(target, ({ id }) => selections.get(id)),
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
