import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { LayerSource } from "../tree/index.ts";
import { EMPTY_STACK, layersIn, onTop, resultOf, stackKey, stackOf } from "./layer-stack.ts";
import { baseStackOf } from "./ops/inputs.ts";
import type { LayerStack } from "./types.ts";

const layer = (name: string): LayerSource => ({ key: sha256(name), load: () => Promise.reject(new Error("not loaded")) });
const stack = (...pieces: readonly (readonly LayerSource[])[]): LayerStack => pieces.reduce(onTop, EMPTY_STACK);

describe("onTop()", () => {
  it("X6: gives the same key however the stack came about", () => {
    const [a, b, c] = [layer("a"), layer("b"), layer("c")];
    const chain = stack([a], [b], [c]);
    assert.deepEqual(layersIn(chain), [a, b, c]);
    for (const other of [stack([a, b, c]), stack([a], [b, c]), stackOf({ kind: "layers", layers: [a, b, c] }), stackOf(resultOf(chain))])
      assert.deepEqual([other.key, layersIn(other)], [chain.key, [a, b, c]]);
    assert.equal(stackKey(layersIn(chain)), stackKey([a, b, c]));
    assert.deepEqual([stack([], []).key, layersIn(stack([], []))], ["", []]);
  });

  it("X6: gives another key for other layers, another order and fewer layers", () => {
    const [a, b] = [layer("a"), layer("b")];
    assert.equal(new Set([[], [a], [b], [a, b], [b, a], [a, a]].map((layers) => stack(layers).key)).size, 6);
  });

  it("X6: refuses a step on more layers than a stage may have", () => {
    const layers = Array.from({ length: 5000 }, () => layer("a"));
    const isLimit = (error: unknown): boolean => isDecantError(error, "LIMIT");
    assert.equal(baseStackOf({ kind: "layers", layers: layers.slice(1) }).count, 4999);
    assert.throws(() => baseStackOf({ kind: "layers", layers }), isLimit);
    assert.throws(() => stack(layers, [layer("b")]), isLimit);
  });

  it("X7: a chain keeps no list for each of its steps", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const layers = Array.from({ length: 4000 }, (_, at) => layer(String(at)));
    collect();
    const before = process.memoryUsage().heapUsed;
    const results = [resultOf(EMPTY_STACK)];
    for (const top of layers) results.push(resultOf(onTop(baseStackOf(results.at(-1)), [top])));
    collect();
    // The lists would be 64 MB.
    assert.ok(process.memoryUsage().heapUsed - before < 16e6);
    assert.deepEqual(results.at(-1)?.layers, layers);
    assert.deepEqual(results[1000]?.layers, layers.slice(0, 1000));
  });
});
