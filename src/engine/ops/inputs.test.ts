import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sha256 } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import type { LayerSource } from "../../tree/index.ts";
import type { VertexResult } from "../types.ts";
import { baseLayersOf, layersOf, stacked, stackedResult, stackKey } from "./inputs.ts";

const layer = (name: string): LayerSource => ({ key: sha256(name), load: () => Promise.reject(new Error("not loaded")) });

describe("stackKey()", () => {
  test("X6: is the same however the list came about", () => {
    const [a, b, c] = [layer("a"), layer("b"), layer("c")];
    const chain = stacked(stacked([a], [b]), [c]);
    assert.deepEqual(chain, [a, b, c]);
    assert.equal(stackKey(chain), stackKey([a, b, c]));
    assert.equal(stackKey(stacked([a], [b, c])), stackKey([a, b, c]));
    assert.equal(stackKey([]), "");
  });

  test("X6: differs for other layers, another order and fewer layers", () => {
    const [a, b] = [layer("a"), layer("b")];
    assert.equal(new Set([[], [a], [b], [a, b], [b, a], [a, a]].map(stackKey)).size, 6);
  });
});

test("X6: a step on more layers than a stage may have is refused", () => {
  const layers = Array.from({ length: 5000 }, () => layer("a"));
  const isLimit = (error: unknown): boolean => isDecantError(error, "LIMIT");
  assert.equal(baseLayersOf({ kind: "layers", layers: layers.slice(1) }).length, 4999);
  assert.throws(() => baseLayersOf({ kind: "layers", layers }), isLimit);
  assert.throws(() => stacked(layers, [layer("b")]), isLimit);
});

test("X7: the lists of a chain go when nobody uses them, and come back as they were", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const layers = Array.from({ length: 4000 }, (_, at) => layer(String(at)));
  const results: VertexResult[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (const top of layers) results.push(stackedResult(results.length === 0 ? [] : layersOf(results.at(-1)), [top]));
  // A list that was asked for stays until the end of this turn of the event loop.
  await setImmediate();
  collect();
  // All lists would be 64 MB.
  assert.ok(process.memoryUsage().heapUsed - before < 16e6);
  assert.deepEqual(layersOf(results.at(-1)), layers);
  assert.deepEqual(layersOf(results[1000]), layers.slice(0, 1001));
  assert.equal(stackKey(layersOf(results[2000])), stackKey(layers.slice(0, 2001)));
});
