/** Files whose paths are longer than the kernel takes: they are there, and whoever meets them says so. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../paths.ts";
import { removeTree } from "../store/remove-tree.ts";
import { hostTree } from "./host-tree.ts";
import { layerFromUpper } from "./layer-from-upper.ts";
import { emptyTree } from "./layer-tree.ts";
import { failsWith, tempStore } from "./testdata/support.ts";
import { walk } from "./walk.ts";

const NAME = "n".repeat(219);

/** A directory with a file below 45 others: a path of 9,900 bytes. */
function makeDeep(folder: string): void {
  const [inner, outer] = [join(folder, "a"), join(folder, "b")];
  mkdirSync(inner);
  writeFileSync(join(inner, "file"), "x");
  for (let depth = 0; depth < 45; depth += 1) {
    mkdirSync(outer);
    renameSync(inner, join(outer, NAME));
    renameSync(outer, inner);
  }
}

test("R13: layerFromUpper() refuses a path that nobody can read", async () => {
  await using dir = await tempStore();
  await using upper = await dir.store.dirs.create("layer-fs");
  makeDeep(upper.path);
  await assert.rejects(layerFromUpper(dir.store, upper, emptyTree), failsWith("LIMIT"));
});

test("X12: hostTree() refuses a path that nobody can read, and leaves it out nowhere", async () => {
  await using dir = await tempStore();
  const context = join(dir.path, "context");
  mkdirSync(context);
  makeDeep(context);
  assert.throws(() => [...walk(hostTree(context), ROOT)], failsWith("LIMIT"));
  await removeTree(context);
});
