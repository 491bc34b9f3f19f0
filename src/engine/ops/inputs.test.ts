import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sha256 } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import type { LayerSource } from "../../tree/index.ts";
import { baseLayersOf, stacked, stackKey } from "./inputs.ts";

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
