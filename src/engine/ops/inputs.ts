/** Helpers of ops for what their inputs gave. */
import { type Digest, framedDigest } from "../../digest.ts";
import { DecantError, InternalError } from "../../errors.ts";
import type { LayerSource } from "../../tree/index.ts";
import type { Vertex } from "../../graph/index.ts";
import { type StepName, withoutSecrets } from "../step-records.ts";
import type { EngineContext, Ingredient, OpRun, VertexResult } from "../types.ts";

/** The layers of an input that must be layers. */
export function layersOf(result: VertexResult | undefined): readonly LayerSource[] {
  if (result?.kind === "layers") return result.layers;
  throw new InternalError("a step was given a directory where it needs layers");
}

/** Each step goes through a list of all layers below it, so what a chain of steps costs grows with its square. */
const MAX_LAYERS = 5000;

/** The layers that a step puts one more on. Throws `LIMIT`. */
export function baseLayersOf(result: VertexResult | undefined): readonly LayerSource[] {
  const layers = layersOf(result);
  checkCount(layers.length + 1);
  return layers;
}

function checkCount(count: number): void {
  if (count <= MAX_LAYERS) return;
  throw new DecantError("LIMIT", `Cannot add a layer: there would be ${count}, and a stage may have at most ${MAX_LAYERS}`, {
    hint: "Copy or run more in one step, or copy the result into a stage of its own: COPY --from=STAGE / /",
  });
}

/** How people know what a step works on: the image, or the instruction of the step before. */
export function shownBase({ inputs }: Vertex, input: number): Pick<Ingredient, "kind" | "shown"> {
  const below = inputs[input];
  if (below === undefined) return { kind: "base", shown: "scratch" };
  return below.op.kind === "source"
    ? { kind: "base", shown: below.op.identifier.replace(/^docker-image:\/\//, "") }
    : { kind: "parent", shown: instructionOf(below) };
}

function instructionOf({ meta }: Vertex): string {
  return meta.name.replace(/^\[[^\]]*\] /, "");
}

/** A step as its records know it: by its place and by its text, without what is secret. */
export function recordedStep(
  vertex: Vertex,
  { ingredients }: Pick<OpRun, "ingredients">,
  { guard }: Pick<EngineContext, "guard">,
): { readonly name: StepName; readonly ingredients: readonly Ingredient[] } {
  const text = instructionOf(vertex);
  return { name: { slot: vertex.meta.slot, text: guard?.masked(text) ?? text }, ingredients: withoutSecrets(ingredients, guard) };
}

/** Of lists that `stacked` made and of those that keys were asked for: a chain of steps hashes each layer once. */
const keys = new WeakMap<readonly LayerSource[], Digest>();

/** What cache keys see of layers that lie on each other: one digest for all of them, or "" for none. */
export function stackKey(layers: readonly LayerSource[]): Digest | "" {
  const known = keys.get(layers);
  if (known !== undefined) return known;
  const key = extendedKey("", layers);
  if (key !== "") keys.set(layers, key);
  return key;
}

/** `tops` on `below`, whose key is known without going through `below` again. Throws `LIMIT`. */
export function stacked(below: readonly LayerSource[], tops: readonly LayerSource[]): readonly LayerSource[] {
  checkCount(below.length + tops.length);
  const all = [...below, ...tops];
  const key = extendedKey(stackKey(below), tops);
  if (key !== "") keys.set(all, key);
  return all;
}

type LayersResult = Extract<VertexResult, { kind: "layers" }>;

/** What a list of layers was made of: what it lies on is a result, so that no list is kept that nobody uses. */
interface Stack {
  readonly below: LayersResult | undefined;
  readonly tops: readonly LayerSource[];
}

const stacks = new WeakMap<LayersResult, Stack>();
/** List → the result that gave it. */
const results = new WeakMap<readonly LayerSource[], LayersResult>();

/**
 * `tops` on `below`, as a result. Its list is made again when somebody asks for it and the last one is gone: kept lists of a chain of thousands of
 * steps would take memory with the square of their number. Throws `LIMIT`.
 */
export function stackedResult(below: readonly LayerSource[], tops: readonly LayerSource[]): VertexResult {
  const first = stacked(below, tops);
  const key = stackKey(first);
  let last = new WeakRef(first);
  const result: LayersResult = {
    kind: "layers",
    get layers() {
      const known = last.deref();
      if (known !== undefined) return known;
      const again = layersAgain(result);
      if (key !== "") keys.set(again, key);
      results.set(again, result);
      last = new WeakRef(again);
      return again;
    },
  };
  stacks.set(result, { below: below.length === 0 ? undefined : (results.get(below) ?? { kind: "layers", layers: below }), tops });
  results.set(first, result);
  return result;
}

/** Goes down to a result that has its list, without making those in between. */
function layersAgain(result: LayersResult): readonly LayerSource[] {
  const pieces: (readonly LayerSource[])[] = [];
  for (let at: LayersResult | undefined = result; at !== undefined;) {
    const stack = stacks.get(at);
    pieces.push(stack?.tops ?? at.layers);
    at = stack?.below;
  }
  return pieces.toReversed().flat();
}

function extendedKey(below: Digest | "", tops: readonly LayerSource[]): Digest | "" {
  let key = below;
  for (const { key: top } of tops) key = framedDigest(["layers", key, top]);
  return key;
}
