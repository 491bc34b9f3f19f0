import assert from "node:assert/strict";
import { test } from "node:test";
import { layerTree } from "./layer-tree.ts";
import { encodeIndex, entry, failsWith } from "./testdata/support.ts";
import { indexDump } from "./testdata/tree-dump.ts";
import type { Entry, Layer } from "./types.ts";
import { rebaseLayers } from "./layer-tree.ts";
import { ROOT, treePath } from "../paths.ts";
import { sha256 } from "../digest.ts";

const dir = (path: string, fields: Partial<Entry> = {}): Entry => entry(path, "dir", fields);
const file = (path: string, fields: Partial<Entry> = {}): Entry => entry(path, "file", fields);
const link = (path: string, target: string): Entry => entry(path, "symlink", { link: target });

function layerOf(...entries: readonly Entry[]): Layer {
  const index = encodeIndex(entries);
  const id = sha256(index.bytes);
  return { id, contentDigest: id, index, data: () => ({ kind: "bytes", bytes: new Uint8Array() }) };
}

const LOWER = [
  dir("d", { mode: 0o2750, uid: 3, gid: 4 }),
  file("d/old"),
  dir("d/sub", { mode: 0o700, uid: 5 }),
  file("d/sub/old"),
  link("l", "d"),
  link("gone", "/new/place"),
  file("f"),
  link("lf", "f"),
];

const REBASED: readonly { readonly name: string; readonly upper: readonly Entry[]; readonly want: string }[] = [
  {
    name: "R3: takes directories as they are below",
    upper: [file("d/x")],
    want: "/d: dir 2750 3:4\n/d/x: file 0644 0:0\n",
  },
  {
    name: "L1: writes through a symlink",
    upper: [file("l/x"), file("l/sub/y"), file("l/new/z")],
    want: "/d: dir 2750 3:4\n/d/new: dir 0755 0:0\n/d/new/z: file 0644 0:0\n/d/sub: dir 0700 5:0\n/d/sub/y: file 0644 0:0\n/d/x: file 0644 0:0\n",
  },
  {
    name: "L1: makes the directories that a symlink leads to",
    upper: [file("gone/x")],
    want: "/new: dir 0755 0:0\n/new/place: dir 0755 0:0\n/new/place/x: file 0644 0:0\n",
  },
  {
    name: "L1: lets a directory of its own replace a symlink",
    upper: [dir("l", { mode: 0o711 }), file("l/x")],
    want: "/l: dir 0711 0:0\n/l/x: file 0644 0:0\n",
  },
  {
    name: "R7: keeps mode and owner of a directory that only an opaque mark names",
    upper: [entry("d", "opaque")],
    want: "/d: dir 2750 3:4 opaque\n",
  },
  {
    name: "R7: marks the directory that a symlink leads to",
    upper: [entry("l", "opaque"), file("l/x")],
    want: "/d: dir 2750 3:4 opaque\n/d/x: file 0644 0:0\n",
  },
  {
    name: "R7: makes a directory of an opaque mark where nothing was",
    upper: [entry("n/m", "opaque")],
    want: "/n: dir 0755 0:0\n/n/m: dir 0755 0:0 opaque\n",
  },
  {
    name: "R7: makes a directory of an opaque mark where a file was",
    upper: [entry("f", "opaque"), file("f/x")],
    want: "/f: dir 0755 0:0 opaque\n/f/x: file 0644 0:0\n",
  },
  {
    name: "leaves out removals of nothing",
    upper: [entry("d/nothing", "whiteout"), entry("no/where", "whiteout"), entry("l/old", "whiteout")],
    want: "/d: dir 2750 3:4\n/d/old: whiteout\n",
  },
  {
    name: "L2: finds the file of a hard link through a symlink",
    upper: [entry("h", "hardlink", { link: "l/old" }), file("l/x"), entry("l/y", "hardlink", { link: "l/x" })],
    want: "/d: dir 2750 3:4\n/d/x: file 0644 0:0\n/d/y: hardlink = /d/x\n/h: hardlink = /d/old\n",
  },
];

for (const { name, upper, want } of REBASED) {
  test(`rebaseLayer() ${name}`, () => {
    const [, rebased] = rebaseLayers([layerOf(...LOWER), layerOf(...upper)]);
    assert.ok(rebased !== undefined);
    assert.equal(indexDump(rebased.index), want);
  });
}

for (const upper of ["f/x", "lf/x", "lf/deep/x"]) {
  test(`L1: rebaseLayer() refuses "${upper}" below a file`, () => {
    assert.throws(() => layerTree([layerOf(...LOWER), layerOf(file(upper))]), failsWith("TAR"));
  });
}

test("R9: rebaseLayer() dates directories by the youngest entry that is put into them", () => {
  const lower = layerOf(dir("d", { mtimeSec: 500 }), dir("d/new", { mtimeSec: 9000 }));
  const upper = layerOf(file("d/x/y", { mtimeSec: 700 }), file("d/x/z", { mtimeSec: 800 }), file("d/new/f", { mtimeSec: 600 }));
  const tree = layerTree([lower, upper]);
  assert.deepEqual(
    ["d", "d/x", "d/new"].map((path) => tree.lookup(treePath(path))?.mtimeSec),
    [800, 800, 9000],
  );
});

test("layerTree() tells nothing of opaque marks, so that no copy of an entry hides anything", () => {
  const tree = layerTree([layerOf(...LOWER), layerOf(dir("d", { opaque: true }))]);
  assert.deepEqual(
    [tree.lookup(treePath("d")), ...tree.readdir(ROOT)].filter((one) => one?.opaque !== undefined),
    [],
  );
});

test("R8: layerTree() has the owner that the last RUN gave the root", () => {
  const owned = (uid: number, gid: number): Layer => ({ ...layerOf(file("x")), rootOwner: { uid, gid } });
  const rootOf = (...layers: readonly Layer[]): string => {
    const root = layerTree(layers).lookup(ROOT);
    return `${root?.mode.toString(8)} ${root?.uid}:${root?.gid}`;
  };
  assert.equal(rootOf(), "755 0:0");
  assert.equal(rootOf(layerOf(file("y")), owned(5, 6), owned(7, 8), layerOf(file("d/z"))), "755 7:8");
});
