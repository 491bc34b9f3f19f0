import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { bytesOf } from "../bytes.ts";
import { ROOT } from "../paths.ts";
import { setXattr } from "../sys/index.ts";
import { importLayerTar } from "./import-layer.ts";
import { layerFromUpper } from "./layer-from-upper.ts";
import { findLayer, layerDiffId, openLayer } from "./layer-store.ts";
import { layerTar } from "./layer-tar.ts";
import { layerTree } from "./layer-tree.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { runOver } from "./testdata/run-over.ts";
import { failsWith, file, item, layerOf, tempStore } from "./testdata/support.ts";
import { indexDump, treeDump } from "./testdata/tree-dump.ts";
import type { Layer } from "./types.ts";
import { unpackLayers } from "./unpack-layer.ts";

const BASE: readonly LayerItem[] = [
  item("bin", "dir"),
  file("bin/sh", "shell", { mode: 0o755 }),
  item("bin/sh2", "hardlink", { link: "bin/sh", mode: 0o755 }),
  item("d", "dir"),
  file("d/x", "x"),
  file("d/y", "y"),
  item("d/sub", "dir"),
  file("d/sub/deep", "deep"),
  item("l", "symlink", { link: "d/x" }),
].sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));

const RUNS: readonly { readonly name: string; readonly script: string; readonly want: readonly string[] }[] = [
  { name: "nothing for a RUN that reads only", script: "cat d/x; ls d", want: [] },
  { name: "a new file with its parent", script: "printf new > d/n", want: ["/d: dir 0755 0:0", "/d/n: file 0644 0:0 11507a0e"] },
  { name: "a changed file", script: "printf z > d/x", want: ["/d: dir 0755 0:0", "/d/x: file 0644 0:0 594e519a"] },
  { name: "a removed file as a whiteout", script: "rm d/x", want: ["/d: dir 0755 0:0", "/d/x: whiteout"] },
  { name: "nothing for a file made and removed", script: "touch d/t; rm d/t", want: [] },
  { name: "a removed directory as one whiteout", script: "rm -r d", want: ["/d: whiteout"] },
  {
    name: "a directory made anew as single whiteouts",
    script: "rm -r d; mkdir d; printf k > d/keep",
    want: ["/d: dir 0755 0:0", "/d/keep: file 0644 0:0 8254c329", "/d/sub: whiteout", "/d/x: whiteout", "/d/y: whiteout"],
  },
  {
    name: "whiteouts below directories made anew",
    script: "rm -r d; mkdir -p d/sub; touch -d @5 d/sub d; printf k > d/x",
    want: ["/d: dir 0755 0:0", "/d/sub: dir 0755 0:0", "/d/sub/deep: whiteout", "/d/x: file 0644 0:0 8254c329", "/d/y: whiteout"],
  },
  { name: "a file in place of a directory", script: "rm -r d; printf k > d", want: ["/d: file 0644 0:0 8254c329"] },
  { name: "a directory in place of a file", script: "rm d/x; mkdir d/x", want: ["/d: dir 0755 0:0", "/d/x: dir 0755 0:0"] },
  { name: "a changed mode", script: "chmod 600 d/x", want: ["/d: dir 0755 0:0", "/d/x: file 0600 0:0 2d711642"] },
  { name: "a changed directory mode", script: "chmod 700 d/sub", want: ["/d: dir 0755 0:0", "/d/sub: dir 0700 0:0"] },
  { name: "nothing for a mode that was put back", script: "chmod 600 d/x; chmod 644 d/x", want: [] },
  { name: "nothing for a file rewritten with its old content and time", script: "printf x > d/x; touch -d @1000 d/x", want: [] },
  { name: "a file rewritten with its old content", script: "printf x > d/x", want: ["/d: dir 0755 0:0", "/d/x: file 0644 0:0 2d711642"] },
  { name: "a changed link", script: "ln -sfn d/y l", want: ["/l: link -> d/y"] },
  {
    name: "hard links to new files",
    script: "printf n > n; ln n d/m; ln n o",
    want: ["/d: dir 0755 0:0", "/d/m: file 0644 0:0 1b16b1df", "/n: hardlink = /d/m", "/o: hardlink = /d/m"],
  },
  {
    name: "a hard link to an unchanged file with its first name",
    script: "ln d/x new",
    want: ["/d: dir 0755 0:0", "/d/x: file 0644 0:0 2d711642", "/new: hardlink = /d/x"],
  },
  {
    name: "devices and FIFOs, but no sockets",
    script: "mknod c c 1 3; mkfifo p; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'",
    want: ["/c: char 0644 0:0 1:3", "/p: fifo 0644 0:0"],
  },
  {
    name: "capabilities",
    script:
      'cp bin/sh cap; python3 -c \'import os; os.setxattr("cap", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))\'',
    want: ["/cap: file 0755 0:0 10cfef14 security.capability=0100000200200000000000000000000000000000"],
  },
  { name: "owners", script: "chown 5:6 d/x", want: ["/d: dir 0755 0:0", "/d/x: file 0644 5:6 2d711642"] },
];

for (const { name, script, want } of RUNS) {
  test(`layerFromUpper() keeps ${name}`, async () => {
    await using at = await tempStore();
    const base = await layerOf(at.store, ...BASE);
    const { layer, dump } = await runOver(at, [base], script);
    const lines = indexDump(layer.index)
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "");
    assert.deepEqual(
      lines.map((line) => line.replace(/file 0755 0:0 [0-9a-f]{8}(?= security)/, "file 0755 0:0 10cfef14")),
      want,
    );
    if (!script.includes("socket")) assert.equal(stripGroups(await treeDump(layerTree([base, layer]))), stripGroups(dump));
  });
}

/** Hard links that overlayfs itself breaks, and attributes that cp does not copy, are no difference. */
function stripGroups(dump: string): string {
  return dump.replaceAll(/ = .*$/gm, "").replaceAll(/ security\.capability=.*$/gm, "");
}

test("R8: layerFromUpper() keeps a new owner of the root for the steps above, and out of the tar", async () => {
  await using at = await tempStore();
  const base = await layerOf(at.store, ...BASE);
  const { layer } = await runOver(at, [base], "chown 5:6 .; chmod 1750 .");
  assert.deepEqual([layer.index.count, layer.rootOwner], [0, { uid: 5, gid: 6 }]);
  const root = layerTree([base, layer]).lookup(ROOT);
  assert.deepEqual([root?.mode, root?.uid, root?.gid], [0o755, 5, 6]);
  assert.deepEqual(openLayer(at.store, layer.id)?.rootOwner, { uid: 5, gid: 6 });
  // Whoever has the same tar is not given this layer.
  const { layer: plain } = await runOver(at, [base], "true");
  assert.equal(await layerDiffId(at.store, plain), await layerDiffId(at.store, layer));
  assert.equal(findLayer(at.store, await layerDiffId(at.store, layer))?.rootOwner, undefined);
  assert.notEqual(layer.contentDigest, plain.contentDigest);
  const { layer: back } = await runOver(at, [base, layer], "chown 0:0 .");
  assert.deepEqual(back.rootOwner, { uid: 0, gid: 0 });
  const { layer: same } = await runOver(at, [base, layer], "printf x > d/new");
  assert.equal(same.rootOwner, undefined);
});

test("layerFromUpper() gives a layer that survives its tar", async () => {
  await using at = await tempStore();
  const base = await layerOf(at.store, ...BASE);
  const { layer } = await runOver(at, [base], "rm -r d/sub; printf new > d/n; ln d/n d/m; head -c 300000 /dev/zero > big");
  assert.equal(layer.diffId, undefined);
  const tar = await layerTar(at.store, layer);
  assert.equal(await layerDiffId(at.store, layer), tar.diffId);
  assert.equal(openLayer(at.store, layer.id)?.diffId, tar.diffId);
  await using other = await tempStore();
  const imported = await importLayerTar(other.store, bytesOf(readFileSync(tar.path)));
  assert.equal(indexDump(imported.index), indexDump(layer.index));
  assert.equal(imported.contentDigest, layer.contentDigest);
});

test("layerFromUpper() publishes the directory as the layer's own", async () => {
  await using at = await tempStore();
  const { layer } = await runOver(at, [await layerOf(at.store, ...BASE)], "printf new > d/n");
  const [path] = await unpackLayers(at.store, [layer]);
  assert.deepEqual(readdirSync(`${path}/d`), ["n"]);
  assert.equal(openLayer(at.store, layer.id)?.id, layer.id);
});

test("layerFromUpper() refuses directories that overlayfs renamed in place", async () => {
  await using at = await tempStore();
  await using staged = await at.store.dirs.create("layer-fs");
  mkdirSync(`${staged.path}/d`);
  setXattr(`${staged.path}/d`, "trusted.overlay.redirect", Buffer.from("/etc"));
  await assert.rejects(layerFromUpper(at.store, staged, layerTree([])), failsWith("UNSUPPORTED"));
});

test("layers made by scripts show what the scripts saw", async () => {
  const path = fc.constantFrom("a", "b", "a/c", "b/d", "a/c/e", "b/d/f");
  const command = fc.oneof(
    fc
      .tuple(path, fc.nat(3))
      .map(([to, value]) => `mkdir -p ${to.includes("/") ? to.replace(/\/[^/]*$/, "") : "."} && printf ${value} > ${to}`),
    path.map((to) => `rm -rf ${to}`),
    path.map((to) => `mkdir -p ${to}`),
    fc.tuple(path, path).map(([from, to]) => `mv -T ${from} ${to}`),
    fc.tuple(path, path).map(([from, to]) => `ln ${from} ${to}`),
    fc.tuple(path, fc.constantFrom("700", "755", "4711")).map(([to, mode]) => `chmod ${mode} ${to}`),
    path.map((to) => `cp -a ${to} copy; rm -rf ${to}; mv copy ${to}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(command, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 3 }), async (scripts) => {
      await using at = await tempStore();
      const layers: Layer[] = [];
      for (const commands of scripts) {
        const script = commands.map((one) => `{ ${one}; } 2>/dev/null || true`).join("\n");
        const { layer, dump } = await runOver(at, layers, script);
        layers.push(layer);
        assert.equal(stripGroups(await treeDump(layerTree(layers))), stripGroups(dump));
      }
      // The same from tars alone.
      await using other = await tempStore();
      const imported: Layer[] = [];
      for (const layer of layers)
        imported.push(await importLayerTar(other.store, bytesOf(readFileSync((await layerTar(at.store, layer)).path))));
      assert.equal(await treeDump(layerTree(imported)), await treeDump(layerTree(layers)));
    }),
    { numRuns: 25 },
  );
});
