import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { compareTreePaths, parentOf, ROOT, type TreePath } from "../paths.ts";
import { hostTree } from "./host-tree.ts";
import { joinedDirectory, layersToJoin } from "./join-layers.ts";
import { layerTree, rebaseLayers } from "./layer-tree.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { runOver } from "./testdata/run-over.ts";
import { file, item, layerOf, type TempStore, tempStore } from "./testdata/support.ts";
import { treeDump } from "./testdata/tree-dump.ts";
import type { Layer } from "./types.ts";
import { unpackLayers } from "./unpack-layer.ts";
import { walk } from "./walk.ts";

/** What the joined directory of some layers shows, and its times. */
async function joined(at: TempStore, layers: readonly Layer[]): Promise<{ readonly dump: string; readonly times: readonly string[] }> {
  const stack = rebaseLayers(layers).filter(({ index }) => index.count > 0);
  const paths = await unpackLayers(at.store, layers);
  const path = await joinedDirectory(
    at.store,
    stack.map((layer, number) => ({ layer, path: paths[number] ?? "" })),
  );
  const tree = hostTree(path);
  return { dump: await treeDump(tree), times: timesOf(tree) };
}

function timesOf(tree: ReturnType<typeof layerTree>): string[] {
  return [...walk(tree, ROOT)]
    .filter(({ path }) => path !== ROOT)
    .map(({ path, mtimeSec, mtimeNsec }) => `${path} ${mtimeSec}.${mtimeNsec}`);
}

const part = fc.constantFrom("a", "b", "c");
const anyPath = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/") as TreePath);
const anyLayer = fc
  .array(fc.tuple(anyPath, fc.constantFrom("file", "dir", "symlink", "fifo", "whiteout", "opaque"), fc.nat(3)), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list): LayerItem[] => {
    const items = new Map<TreePath, LayerItem>();
    const isDirectory = (path: TreePath): boolean => (items.get(path)?.entry.kind ?? "dir") === "dir";
    for (const [path, kind, uid] of list) {
      const parents: TreePath[] = [];
      for (let above = parentOf(path); above !== ROOT; above = parentOf(above)) parents.push(above);
      if (!parents.every(isDirectory)) continue;
      if (kind !== "dir" && kind !== "opaque" && [...items.keys()].some((other) => other.startsWith(`${path}/`))) continue;
      for (const parent of parents) if (!items.has(parent)) items.set(parent, item(parent, "dir", { mtimeSec: 5000 + uid }));
      items.set(path, made(path, kind, uid));
    }
    return [...items.values()].sort((x, y) => compareTreePaths(x.entry.path, y.entry.path));
  });

function made(path: TreePath, kind: "file" | "dir" | "symlink" | "fifo" | "whiteout" | "opaque", uid: number): LayerItem {
  switch (kind) {
    case "file":
      return file(path, `content ${uid}`, { uid, mode: 0o4755 });
    case "symlink":
      return item(path, kind, { uid, link: "../c/a" });
    case "opaque":
      return item(path, "dir", { uid, opaque: true, mode: 0o2750 });
    case "dir":
    case "fifo":
      return item(path, kind, { uid, mtimeSec: 2000 + uid });
    case "whiteout":
      return item(path, kind);
  }
}

test("R12: joinedDirectory() shows what its layers show together", async () => {
  await using at = await tempStore();
  await fc.assert(
    fc.asyncProperty(fc.array(anyLayer, { minLength: 1, maxLength: 5 }), async (all) => {
      const layers: Layer[] = [];
      for (const items of all) layers.push(await layerOf(at.store, ...items));
      const unique = [...new Map(layers.map((layer) => [layer.id, layer])).values()];
      const found = await joined(at, unique);
      const tree = layerTree(unique);
      assert.equal(found.dump, await treeDump(tree));
      assert.deepEqual(found.times, timesOf(tree));
    }),
    { numRuns: 100 },
  );
});

test("R12: joinedDirectory() shows what overlayfs shows of layers that RUN made", async () => {
  await using at = await tempStore();
  const capability = `python3 -c 'import os; os.setxattr("cap", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))'`;
  const scripts = [
    `mkdir -p d/deep; echo 1 > d/one; ln d/one d/two; echo x > cap; ${capability}; mknod null c 1 3; ln -s d link; mkdir -m 1777 t`,
    "rm -r d; mkdir d; echo 2 > d/one; chown 5:6 t; rm link; mkdir link",
    "rm d/one; echo 3 > d/two; mv d/two e; rm -r link; ln -s e link; chmod 4755 cap",
  ];
  const layers: Layer[] = [];
  let dump = "";
  for (const script of scripts) {
    const step = await runOver(at, layers, script);
    layers.push(step.layer);
    dump = step.dump;
  }
  assert.equal((await joined(at, layers)).dump, dump);
});

test("R12: unpackLayers() gives at most as many directories as can be mounted, and joins the same layers once", async () => {
  await using at = await tempStore();
  assert.deepEqual([900, 901, 1300, 1301, 2000].map(layersToJoin), [0, 400, 400, 800, 1200]);
  const layers: Layer[] = [];
  for (let number = 0; number < 902; number += 1)
    layers.push(await layerOf(at.store, file(`f${number}`, `${number}`), ...(number > 0 && number < 3 ? [item(`g`, "whiteout")] : [])));
  const most = await unpackLayers(at.store, layers.slice(0, 900));
  assert.equal(most.length, 900);
  const [joinedPath = "", ...rest] = await unpackLayers(at.store, layers);
  assert.equal(rest.length, 502);
  assert.deepEqual(
    [existsSync(`${joinedPath}/f0`), existsSync(`${joinedPath}/f399`), existsSync(`${joinedPath}/f400`)],
    [true, true, false],
  );
  assert.equal((await unpackLayers(at.store, layers.slice(0, 901)))[0], joinedPath);
});
