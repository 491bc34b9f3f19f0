import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { sha256 } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, compareTreePaths, parentOf, treePath } from "../paths.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { layerTree } from "./layer-tree.ts";
import { resolvePath } from "./resolve.ts";
import { entry, failsWith, file, item, layerOf, tempStore } from "./testdata/support.ts";
import { treeDump } from "./testdata/tree-dump.ts";
import type { DataSource, Entry, Layer } from "./types.ts";
import { walk } from "./walk.ts";
import { readTreeFile } from "./data.ts";

/** A layer of entries without contents. */
function fakeLayer(...entries: readonly Entry[]): Layer {
  const builder = createIndexBuilder();
  for (const one of entries) builder.add(one.kind === "file" ? { ...one, digest: sha256(`${one.uid}`) } : one, -1);
  const { index } = builder.finish();
  const id = sha256(index.bytes);
  return { id, contentDigest: id, index, data: (): DataSource => ({ kind: "bytes", bytes: new Uint8Array(0) }) };
}

const dir = (path: string, fields: Partial<Entry> = {}): Entry => entry(path, "dir", fields);
const plain = (path: string, uid = 0): Entry => entry(path, "file", { uid });

const VIEWS: readonly { readonly name: string; readonly layers: readonly (readonly Entry[])[]; readonly want: readonly string[] }[] = [
  { name: "the topmost file", layers: [[plain("a", 1)], [plain("a", 2)]], want: ["a file 2"] },
  { name: "no file that a whiteout removed", layers: [[plain("a"), plain("b")], [entry("a", "whiteout")]], want: ["b file 0"] },
  { name: "a file that came back", layers: [[plain("a", 1)], [entry("a", "whiteout")], [plain("a", 3)]], want: ["a file 3"] },
  { name: "nothing below a removed directory", layers: [[dir("d"), plain("d/x")], [entry("d", "whiteout")]], want: [] },
  {
    name: "a removed and remade directory without its old content",
    layers: [[dir("d"), plain("d/x")], [entry("d", "whiteout")], [dir("d", { uid: 3 }), plain("d/y")]],
    want: ["d dir 3", "d/y file 0"],
  },
  {
    name: "an opaque directory with its own content only",
    layers: [[dir("d"), plain("d/x")], [dir("d", { opaque: true }), plain("d/y")], [plain("d/z")]],
    want: ["d dir 0", "d/y file 0", "d/z file 0"],
  },
  {
    name: "an opaque mark on a lower directory",
    layers: [[dir("d", { uid: 1 }), plain("d/x")], [entry("d", "opaque")]],
    want: ["d dir 1"],
  },
  { name: "a file in place of a directory", layers: [[dir("d"), plain("d/x")], [plain("d", 2)]], want: ["d file 2"] },
  { name: "a directory in place of a file", layers: [[plain("d")], [dir("d"), plain("d/x")]], want: ["d dir 0", "d/x file 0"] },
  {
    name: "merged directories in order",
    layers: [
      [dir("d"), plain("d/b"), plain("d/d")],
      [dir("d"), plain("d/a"), plain("d/c")],
    ],
    want: ["d dir 0", "d/a file 0", "d/b file 0", "d/c file 0", "d/d file 0"],
  },
  { name: "implied directories", layers: [[plain("x/y/z")]], want: ["x dir 0", "x/y dir 0", "x/y/z file 0"] },
  {
    name: "implied directories as they are below",
    layers: [[dir("tmp", { uid: 7 })], [plain("tmp/f")]],
    want: ["tmp dir 7", "tmp/f file 0"],
  },
  {
    name: "entries below a lower symlink where it leads",
    layers: [[entry("lib", "symlink", { link: "usr/lib" }), dir("usr"), dir("usr/lib", { uid: 5 })], [plain("lib/x")]],
    want: ["lib symlink 0", "usr dir 0", "usr/lib dir 5", "usr/lib/x file 0"],
  },
  { name: "no directory for a whiteout of nothing", layers: [[plain("a")], [entry("x/y", "whiteout")]], want: ["a file 0"] },
  { name: "an opaque root", layers: [[plain("a")], [dir("", { opaque: true }), plain("b")]], want: ["b file 0"] },
];

for (const { name, layers, want } of VIEWS) {
  test(`layerTree() shows ${name}`, () => {
    const tree = layerTree(layers.map((entries) => fakeLayer(...entries)));
    assert.deepEqual(
      [...walk(tree, ROOT)].map((one) => `${one.path} ${one.kind} ${one.uid}`),
      want,
    );
    for (const line of want) assert.ok(tree.lookup(treePath(line.split(" ")[0] ?? "")) !== undefined, line);
    assert.equal(tree.lookup(treePath("not/there")), undefined);
  });
}

/** The merged view as a map, by the rules of the spec read literally. */
function naive(layers: readonly (readonly Entry[])[]): Map<string, Entry> {
  const view = new Map<string, Entry>();
  const removeBelow = (path: string): void => {
    for (const key of view.keys()) if (path === "" || key.startsWith(`${path}/`)) view.delete(key);
  };
  for (const layer of layers) {
    for (const one of layer) {
      if (one.kind === "whiteout") {
        view.delete(one.path);
        removeBelow(one.path);
      } else if (one.kind === "opaque" || one.opaque === true) removeBelow(one.path);
    }
    for (const one of layer) {
      if (one.kind === "whiteout" || one.kind === "opaque") continue;
      if (one.kind !== "dir") removeBelow(one.path);
      view.set(one.path, { ...one, path: one.path });
    }
  }
  return view;
}

const part = fc.constantFrom("a", "b", "c");
const anyPath = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const anyLayer = fc
  .array(fc.tuple(anyPath, fc.constantFrom("file", "dir", "dir", "whiteout", "opaque-dir"), fc.nat(3)), { maxLength: 8 })
  .map((list) => {
    const entries = new Map<string, Entry>();
    for (const [path, kind, uid] of list) {
      // A consistent layer: parents are directories with entries.
      const parents: string[] = [];
      for (let at = parentOf(path as TreePath); at !== ROOT; at = parentOf(at)) parents.push(at);
      if (parents.some((parent) => (entries.get(parent)?.kind ?? "dir") !== "dir")) continue;
      if (kind !== "dir" && kind !== "opaque-dir" && [...entries.keys()].some((other) => other.startsWith(`${path}/`))) continue;
      for (const parent of parents) if (!entries.has(parent)) entries.set(parent, dir(parent));
      entries.set(path, kind === "opaque-dir" ? dir(path, { opaque: true, uid }) : entry(path, kind, { uid }));
    }
    return [...entries.values()].sort((x, y) => compareTreePaths(x.path, y.path));
  });

test("layerTree() agrees with unpacking layer over layer", () => {
  fc.assert(
    fc.property(fc.array(anyLayer, { maxLength: 5 }), fc.array(anyPath, { maxLength: 5 }), (layers, asked) => {
      const tree = layerTree(layers.map((entries) => fakeLayer(...entries)));
      const view = naive(layers);
      // In a random order, so that what is remembered meets every case.
      for (const path of asked) assert.equal(tree.lookup(treePath(path))?.kind, view.get(path)?.kind, path);
      const want = [...view.values()].sort((x, y) => compareTreePaths(x.path, y.path)).map((one) => `${one.path} ${one.kind} ${one.uid}`);
      assert.deepEqual(
        [...walk(tree, ROOT)].map((one) => `${one.path} ${one.kind} ${one.uid}`),
        want,
      );
      for (const path of ["a", "b/c", "c/a/b"]) assert.equal(tree.lookup(treePath(path))?.uid, view.get(path)?.uid);
    }),
    { numRuns: 2000 },
  );
});

test("layerTree() gives hard links as their file, with data and group", async () => {
  await using at = await tempStore();
  const layer = await layerOf(
    at.store,
    file("a", "hello", { mode: 0o600 }),
    item("b", "hardlink", { link: "a", mode: 0o600 }),
    file("c", "other"),
  );
  const above = await layerOf(at.store, item("a", "whiteout"));
  assert.equal(
    await treeDump(layerTree([layer])),
    "/a: file 0600 0:0 2cf24dba\n/b: file 0600 0:0 2cf24dba = /a\n/c: file 0644 0:0 d9298a10\n",
  );
  const tree = layerTree([layer, above]);
  assert.equal(await treeDump(tree), "/b: file 0600 0:0 2cf24dba\n/c: file 0644 0:0 d9298a10\n");
  assert.equal((await readTreeFile(tree, treePath("b"), 10)).toString(), "hello");
});

test("layerTree() finds the file of a hard link in a lower layer", async () => {
  await using at = await tempStore();
  const below = await layerOf(at.store, file("a", "hello"));
  const above = await layerOf(at.store, item("b", "hardlink", { link: "a" }));
  const tree = layerTree([below, above]);
  assert.equal(await treeDump(tree), "/a: file 0644 0:0 2cf24dba\n/b: file 0644 0:0 2cf24dba = /a\n");
  assert.throws(() => layerTree([above]).lookup(treePath("b")), failsWith("TAR"));
});

test("readTreeFile() bounds what it reads", async () => {
  await using at = await tempStore();
  const tree = layerTree([await layerOf(at.store, file("a", "hello"), item("d", "dir"))]);
  await assert.rejects(readTreeFile(tree, treePath("a"), 4), failsWith("BLOB_SIZE"));
  await assert.rejects(readTreeFile(tree, treePath("d"), 4), failsWith("NOT_FOUND"));
});

const TREE = layerTree([
  fakeLayer(
    dir("a"),
    plain("a/f", 1),
    entry("abs", "symlink", { link: "/a/f" }),
    entry("dirlink", "symlink", { link: "a" }),
    entry("loop", "symlink", { link: "loop" }),
    entry("out", "symlink", { link: "../../a" }),
    entry("dangling", "symlink", { link: "no/thing" }),
  ),
]);

const RESOLVED: readonly (readonly [path: string, followLast: boolean, want: string])[] = [
  ["a/f", true, "a/f file"],
  ["abs", true, "a/f file"],
  ["abs", false, "abs symlink"],
  ["dirlink/f", false, "a/f file"],
  ["out/f", true, "a/f file"],
  ["dangling", true, "no/thing undefined"],
  ["new/file", true, "new/file undefined"],
  ["a/f/x", true, "a/f/x undefined"],
  ["", true, " dir"],
];

for (const [path, followLast, want] of RESOLVED) {
  test(`resolvePath() takes "${path}"${followLast ? "" : ", last link kept,"} to "${want}"`, () => {
    const found = resolvePath(TREE, path as TreePath, { followLast });
    assert.equal(`${found.path} ${found.entry?.kind}`, want);
  });
}

test("resolvePath() refuses links in circles", () => {
  assert.throws(() => resolvePath(TREE, treePath("loop/x"), { followLast: false }), failsWith("NOT_FOUND"));
});
