/** Helpers of ops for what their inputs gave. */
import { InternalError } from "../../errors.ts";
import type { LayerSource } from "../../tree/index.ts";
import type { Vertex } from "../../graph/index.ts";
import { checkCount, EMPTY_STACK, onTop, resultOf, stackOf } from "../layer-stack.ts";
import { type StepName, withoutSecrets } from "../step-records.ts";
import type { EngineContext, Ingredient, LayerStack, OpRun, VertexResult } from "../types.ts";

/** The layers of an input that must be layers. */
export function layersOf(result: VertexResult | undefined): readonly LayerSource[] {
  if (result?.kind === "layers") return result.layers;
  throw needsLayers();
}

function needsLayers(): InternalError {
  return new InternalError("a step was given a directory where it needs layers");
}

/** The layers that a step puts one more on. Throws `LIMIT`. */
export function baseStackOf(result: VertexResult | undefined): LayerStack {
  if (result?.kind !== "layers") throw needsLayers();
  const stack = stackOf(result);
  checkCount(stack.count + 1);
  return stack;
}

/** What each input has, on top of those before it. */
export function merged([below, ...rest]: readonly VertexResult[]): VertexResult {
  if (below !== undefined && below.kind !== "layers") throw needsLayers();
  return resultOf(rest.map(layersOf).reduce(onTop, below === undefined ? EMPTY_STACK : stackOf(below)));
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
