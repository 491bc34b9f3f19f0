/**
 * Keys by descent: of what a step is and what its inputs descend from, never of what its inputs gave. With them the record of a last stage decides
 * alone, and stages that only give it files need not run. What a cache of `mode=min` has is found in this way (F97).
 */
import type { Digest } from "../digest.ts";
import { framedDigest } from "../digest.ts";
import { InternalError } from "../errors.ts";
import type { Vertex, VertexId } from "../graph/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { keyOf } from "./action-cache.ts";
import { prepareDiff } from "./ops/diff-op.ts";
import { prepareExec, resultInput } from "./ops/exec-op.ts";
import { prepareFile } from "./ops/file-op.ts";
import { onTop, resultOf } from "./layer-stack.ts";
import { merged } from "./ops/inputs.ts";
import type { EngineContext, OpRun, VertexResult } from "./types.ts";

/** What a vertex descends from. */
export interface Descent {
  /** Absent for sources and merges, which nobody keeps. */
  readonly key?: Digest | undefined;
  /** Layers that only have keys, on those of sources, which are real. */
  readonly result: VertexResult;
  /** Neither it nor anything below it has to run whatever the cache has. */
  readonly mayReuse: boolean;
}

/**
 * The descent of every vertex of `order` (inputs first), as far as it can be known: what is wrong with a step is told where it is solved.
 * `sourceOf`: the result of a source.
 */
export async function descents(
  order: readonly Vertex[],
  context: EngineContext,
  sourceOf: (vertex: Vertex) => Promise<VertexResult>,
  signal: AbortSignal,
): Promise<ReadonlyMap<VertexId, Descent>> {
  const found = new Map<VertexId, Descent>();
  const named: EngineContext = { ...context, byDescent: true };
  for (const vertex of order) {
    const inputs = vertex.inputs.map(({ id }) => found.get(id));
    if (inputs.some((input) => input === undefined)) continue;
    const known = inputs.filter((input) => input !== undefined);
    const mayReuse = !vertex.meta.ignoreCache && known.every((input) => input.mayReuse);
    try {
      const results = known.map(({ result }) => result);
      const descent = await descentOf(vertex, results, { context: named, sourceOf, signal });
      found.set(vertex.id, { ...descent, mayReuse });
    } catch {
      signal.throwIfAborted();
    }
  }
  return found;
}

interface Work {
  readonly context: EngineContext;
  readonly sourceOf: (vertex: Vertex) => Promise<VertexResult>;
  readonly signal: AbortSignal;
}

async function descentOf(vertex: Vertex, inputs: readonly VertexResult[], work: Work): Promise<Omit<Descent, "mayReuse">> {
  const { context, sourceOf, signal } = work;
  const { op } = vertex;
  switch (op.kind) {
    case "source":
      return { result: await sourceOf(vertex) };
    case "merge": {
      return { result: merged(inputs) };
    }
    case "diff": {
      const found = prepareDiff(op, inputs, context);
      return "ingredients" in found ? stepOf(found) : { result: { kind: "layers", layers: found } };
    }
    case "exec":
      return stepOf(await prepareExec(vertex, op, inputs, context, signal));
    case "file":
      return stepOf(await prepareFile(vertex, op, inputs, context, signal));
    default:
      return op satisfies never;
  }
}

function stepOf({ ingredients, below }: OpRun): Omit<Descent, "mayReuse"> {
  const key = framedDigest(["descent-1", keyOf(ingredients)]);
  const load = (): never => {
    throw new InternalError("a layer was wanted that only has a key");
  };
  return { key, result: resultOf(onTop(below, [{ key, load }])) };
}

/** What is left to solve, when layers are known by descent. */
interface Remaining {
  readonly hits: ReadonlyMap<VertexId, LayerSource>;
  readonly needed: ReadonlySet<VertexId>;
}

/**
 * Looks from the targets down: below what is known, only what lies under its layer is needed. Where everything below is known as well, nothing is taken by
 * descent: then the keys by content find it, and this store remembers them.
 */
export function remaining(
  order: readonly Vertex[],
  targets: readonly (Vertex | undefined)[],
  found: ReadonlyMap<VertexId, Descent>,
  find: (key: Digest) => LayerSource | undefined,
): Remaining {
  const known = new Map<VertexId, LayerSource>();
  const whole = new Set<VertexId>();
  for (const { id, op, inputs } of order) {
    const descent = found.get(id);
    const layer = descent?.key === undefined || !descent.mayReuse ? undefined : find(descent.key);
    if (layer !== undefined) known.set(id, layer);
    if (
      (op.kind === "source" || op.kind === "merge" || op.kind === "diff" || layer !== undefined) &&
      inputs.every((input) => whole.has(input.id))
    )
      whole.add(id);
  }
  const hits = new Map<VertexId, LayerSource>();
  const needed = new Set<VertexId>(targets.flatMap((target) => (target === undefined ? [] : [target.id])));
  for (const vertex of order.toReversed()) {
    if (!needed.has(vertex.id)) continue;
    const hit = whole.has(vertex.id) ? undefined : known.get(vertex.id);
    if (hit !== undefined) hits.set(vertex.id, hit);
    for (const input of hit === undefined ? vertex.inputs : baseInputs(vertex)) needed.add(input.id);
  }
  return { hits, needed };
}

/** The input whose layers lie below those of the vertex; none for an empty base. */
export function baseInputs({ op, inputs }: Vertex): readonly Vertex[] {
  if (op.kind === "file") return op.base < 0 ? [] : inputs.slice(op.base, op.base + 1);
  const input = op.kind === "exec" ? resultInput(op) : -1;
  return input < 0 ? [] : inputs.slice(input, input + 1);
}
