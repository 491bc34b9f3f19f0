import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { stackPaths } from "./stack-paths.ts";
import type { Entry, Layer } from "./types.ts";

const PATHS = ["a", "a/b", "c"];
const anyEntries = fc.subarray(
  PATHS.flatMap((path) => [`${path} dir`, `${path} file`]),
  { maxLength: 2 },
);

function fakeLayer(texts: readonly string[]): Layer {
  const builder = createIndexBuilder();
  const kinds = new Map(texts.map((text) => text.split(" ") as [TreePath, Entry["kind"]]));
  const isBelowFile = kinds.get("a" as TreePath) === "file";
  for (const [path, kind] of kinds) {
    if (isBelowFile && path === "a/b") continue;
    builder.add({ path, kind, mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 }, -1);
  }
  const id = `sha256:${"0".repeat(64)}` as Digest;
  return { id, contentDigest: id, index: builder.finish().index, data: () => ({ kind: "bytes", bytes: new Uint8Array(0) }) };
}

/** Going down from `limit` meets every layer that has the path, and none twice. */
function checkStack(layers: readonly Layer[]): void {
  const { having, hiding } = stackPaths(layers);
  for (const path of PATHS as TreePath[]) {
    const met: number[] = [];
    for (let at = having(path, layers.length); at >= 0; at = having(path, at)) met.push(at);
    assert.deepEqual(
      met.filter((number) => (layers[number]?.index.find(path) ?? -1) >= 0),
      [...layers.keys()].filter((number) => (layers[number]?.index.find(path) ?? -1) >= 0).reverse(),
    );
    const hidden = [...layers.keys()].findLast((number) => {
      const position = layers[number]?.index.find(path) ?? -1;
      return position >= 0 && layers[number]?.index.kind(position) === "file";
    });
    if (hidden !== undefined) assert.ok(hiding(path, layers.length) >= hidden);
  }
}

test("X6: stackPaths() names every layer that has a path, in chains, in branches of them, and in shorter stacks", () => {
  fc.assert(
    fc.property(
      fc.array(anyEntries, { minLength: 80, maxLength: 120 }),
      fc.array(anyEntries, { minLength: 1, maxLength: 5 }),
      (chain, fork) => {
        const layers = chain.map(fakeLayer);
        const branch = fork.map(fakeLayer);
        for (const end of [65, 66, 80, layers.length]) checkStack(layers.slice(0, end));
        checkStack(layers.slice(0, 70));
        // Another end on the same beginning, and another end on that.
        checkStack([...layers.slice(0, 75), ...branch]);
        checkStack([...layers.slice(0, 75), ...branch, ...branch.toReversed()]);
        checkStack([...layers.slice(0, 66), ...branch]);
        checkStack(layers);
        checkStack([...layers.slice(1), ...layers.slice(0, 1)]);
      },
    ),
    { numRuns: 50 },
  );
});
