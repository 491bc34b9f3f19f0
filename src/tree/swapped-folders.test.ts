/** Somebody puts a symlink in the place of a folder while a build reads it, or while an output writes to it: nothing outside is read or written. */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isDecantError } from "../errors.ts";
import { ROOT, treePath } from "../paths.ts";
import { copyPart } from "./copy-part.ts";
import { readData, readDataRange } from "./data.ts";
import { hostTree } from "./host-tree.ts";
import { layerTree } from "./layer-tree.ts";
import { subtreeDigest } from "./subtree-digest.ts";
import { file, item, layerOf, tempStore } from "./testdata/support.ts";
import { treeItems, treeTar } from "./tree-tar.ts";
import type { Entry, Tree } from "./types.ts";
import { unpackTree } from "./unpack-tree.ts";
import { walk } from "./walk.ts";
import { writeLayer } from "./write-layer.ts";

const SECRET = "root:x:0";

/** in/d/passwd and out/passwd, of the same size. */
async function lab(): Promise<
  Awaited<ReturnType<typeof tempStore>> & { readonly inside: string; readonly outside: string; swap(): Promise<void> }
> {
  const dir = await tempStore();
  const [inside, outside] = [`${dir.path}/in`, `${dir.path}/out`];
  for (const [folder, content] of [
    [`${inside}/d`, "of d, 8."],
    [outside, SECRET],
  ] as const) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/passwd`, content);
  }
  return {
    ...dir,
    inside,
    outside,
    async swap() {
      // What was opened is closed, as it is between two turns of a build.
      await setImmediate();
      renameSync(`${inside}/d`, `${dir.path}/moved`);
      symlinkSync(outside, `${inside}/d`);
    },
  };
}

/** What is read after the swap, as a text that would have the secret. */
const READERS: readonly (readonly [
  name: string,
  read: (tree: Tree, entry: Entry, at: { store: Parameters<typeof writeLayer>[0]; path: string }) => unknown,
])[] = [
  ["a digest", (tree, entry) => tree.digest(entry)],
  ["its bytes", async (tree, entry) => Buffer.concat(await Array.fromAsync(readData(await tree.data(entry), entry.size))).toString()],
  ["a range of its bytes", async (tree, entry) => Buffer.from(readDataRange(await tree.data(entry), entry.size, 0, 8)).toString()],
  ["a listing", (tree) => tree.readdir(treePath("d")).map(({ path }) => path)],
  ["a look-up", (tree, { path }) => tree.lookup(path)?.size],
  ["a digest of the folder", (tree) => subtreeDigest(tree, treePath("d"))],
  [
    "a layer",
    (tree, entry, { store }) =>
      writeLayer(
        store,
        [tree.data(entry)].map((data) => ({ entry, data: data as never })),
      ),
  ],
  ["all of it", async (tree) => Buffer.concat(await Array.fromAsync(treeTar([{ tree }]))).toString("latin1")],
  [
    "a copy",
    async (tree, _entry, { path }) => {
      await copyPart(tree, treePath("d"), `${path}/copy`, { name: "x", signal: new AbortController().signal });
      return lstatSync(`${path}/copy/x`).isDirectory() ? readdirSync(`${path}/copy/x`) : "no directory";
    },
  ],
];

for (const [name, read] of READERS) {
  test(`H: hostTree() gives nothing of outside when a folder becomes a symlink: ${name}`, async () => {
    await using at = await lab();
    const tree = hostTree(at.inside);
    const entry = [...walk(tree, ROOT)].find(({ path }) => path === "d/passwd");
    assert.ok(entry !== undefined);
    await at.swap();
    let got: unknown;
    try {
      got = await read(tree, entry, at);
    } catch (error) {
      assert.ok(isDecantError(error, "CONTEXT"), String(error));
    }
    assert.ok(!JSON.stringify(got ?? "").includes("passwd"), JSON.stringify(got));
    assert.ok(!JSON.stringify(got ?? "").includes(SECRET));
  });
}

test("H: a layer of a context has the files that were listed, or fails, wherever a folder is swapped", async () => {
  for (let when = 0; when < 4; when += 1) {
    await using at = await lab();
    const tree = hostTree(at.inside);
    let step = 0;
    async function* items(): ReturnType<typeof treeItems> {
      for await (const one of treeItems(tree, ROOT)) {
        if (step === when) await at.swap();
        step += 1;
        yield one;
      }
    }
    try {
      const layer = await writeLayer(at.store, items());
      const tar = Buffer.concat(await Array.fromAsync(treeTar([{ tree: layerTree([layer]) }])));
      assert.ok(!tar.includes(SECRET));
    } catch (error) {
      assert.ok(isDecantError(error, "CONTEXT"), String(error));
    }
  }
});

for (const stage of [false, true]) {
  test(`H: unpackTree() writes nothing outside when a folder becomes a symlink${stage ? ", by a stage" : ""}`, async () => {
    await using at = await lab();
    const layer = await layerOf(
      at.store,
      item("d", "dir", { mode: 0o777 }),
      file("d/a", "a"),
      file("d/passwd", "written"),
      item("d/z", "dir", { mode: 0o777 }),
    );
    const tree = layerTree([layer]);
    const before = lstatSync(at.outside).mode;
    const swapping: Tree = {
      ...tree,
      async data(entry) {
        if (entry.path === "d/passwd") await at.swap();
        return await tree.data(entry);
      },
    };
    const options = stage ? { stage: `${at.inside}/.stage`, within: at.inside } : {};
    // By a stage, what is in the way is replaced, as any link of the user is.
    if (stage) await unpackTree(swapping, at.inside, options);
    else await assert.rejects(unpackTree(swapping, at.inside, options), { code: "ENOTDIR" });
    assert.deepEqual(
      [readFileSync(`${at.outside}/passwd`, "utf8"), readdirSync(at.outside), lstatSync(at.outside).mode],
      [SECRET, ["passwd"], before],
    );
  });
}

test("H: unpackTree() follows no link that took the place of its stage", async () => {
  await using at = await lab();
  const tree = layerTree([await layerOf(at.store, file("a", "a"), file("passwd", "written"))]);
  const swapping: Tree = {
    ...tree,
    async data(entry) {
      if (entry.path === "a") {
        await setImmediate();
        renameSync(`${at.inside}/.stage`, `${at.path}/moved`);
        symlinkSync(at.outside, `${at.inside}/.stage`);
      }
      return await tree.data(entry);
    },
  };
  await assert.rejects(unpackTree(swapping, at.inside, { stage: `${at.inside}/.stage`, within: at.inside }));
  assert.deepEqual([readFileSync(`${at.outside}/passwd`, "utf8"), readdirSync(at.outside)], [SECRET, ["passwd"]]);
});
