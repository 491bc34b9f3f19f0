/**
 * Layers on each other, as the steps of a chain share them: each stack knows the one below it, and its list is made when somebody asks. Lists for
 * each of thousands of steps would take memory with the square of their number.
 */
import { type Digest, framedDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import type { LayerSource } from "../tree/index.ts";
import type { LayerStack, VertexResult } from "./types.ts";

type LayersResult = Extract<VertexResult, { kind: "layers" }>;

/** What each step of a chain does may go through all layers below it. */
const MAX_LAYERS = 5000;

/** No layer. */
export const EMPTY_STACK: LayerStack = { count: 0, key: "", below: undefined, tops: [] };

/** Of results that `resultOf` made. */
const stacks = new WeakMap<LayersResult, LayerStack>();
/** Of lists that keys were asked for. */
const keys = new WeakMap<readonly LayerSource[], Digest>();

/** `tops` on `below`, whose key is known without going through it again. Throws `LIMIT`. */
export function onTop(below: LayerStack, tops: readonly LayerSource[]): LayerStack {
  const count = below.count + tops.length;
  checkCount(count);
  return { count, key: extendedKey(below.key, tops), below: below.count === 0 ? undefined : below, tops };
}

/** Throws `LIMIT` for more layers than a stage may have. */
export function checkCount(count: number): void {
  if (count <= MAX_LAYERS) return;
  throw new DecantError("LIMIT", `Cannot add a layer: there would be ${count}, and a stage may have at most ${MAX_LAYERS}`, {
    hint: "Copy or run more in one step, or copy the result into a stage of its own: COPY --from=STAGE / /",
  });
}

/** The list of all its layers, made anew. */
export function layersIn(stack: LayerStack): readonly LayerSource[] {
  const pieces: (readonly LayerSource[])[] = [];
  for (let at: LayerStack | undefined = stack; at !== undefined; at = at.below) pieces.push(at.tops);
  const layers = pieces.toReversed().flat();
  if (stack.key !== "") keys.set(layers, stack.key);
  return layers;
}

/** A stack as a result, which makes its list each time that somebody asks. */
export function resultOf(stack: LayerStack): LayersResult {
  const result: LayersResult = {
    kind: "layers",
    get layers() {
      return layersIn(stack);
    },
  };
  stacks.set(result, stack);
  return result;
}

/** The stack of a result. */
export function stackOf(result: LayersResult): LayerStack {
  const known = stacks.get(result);
  if (known !== undefined) return known;
  const { layers } = result;
  return { count: layers.length, key: stackKey(layers), below: undefined, tops: layers };
}

/** The key of a list of layers that lie on each other, or "" for none. */
export function stackKey(layers: readonly LayerSource[]): Digest | "" {
  const known = keys.get(layers);
  if (known !== undefined) return known;
  const key = extendedKey("", layers);
  if (key !== "") keys.set(layers, key);
  return key;
}

function extendedKey(below: Digest | "", tops: readonly LayerSource[]): Digest | "" {
  let key = below;
  for (const { key: top } of tops) key = framedDigest(["layers", key, top]);
  return key;
}
