import assert from "node:assert/strict";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { ROOT, fromBytes, treePath } from "../paths.ts";
import type { TreePath } from "../paths.ts";
import { createFileDigests } from "./file-digests.ts";
import { hostTree } from "./host-tree.ts";
import { layerTree } from "./layer-tree.ts";
import { subtreeDigest } from "./subtree-digest.ts";
import { failsWith, file, item, layerOf, run, temp, tempStore } from "./testdata/support.ts";
import { treeDump } from "./testdata/tree-dump.ts";
import { treeItems, treeTar } from "./tree-tar.ts";
import type { Tree } from "./types.ts";
import { unpackTree } from "./unpack-tree.ts";
import { walk } from "./walk.ts";
import { writeLayer } from "./write-layer.ts";

test("hostTree() shows files, links, FIFOs, names of any bytes, and sockets as empty files", async () => {
  await using at = await temp();
  mkdirSync(`${at.path}/d`);
  writeFileSync(`${at.path}/d/f`, "hello", { mode: 0o640 });
  linkSync(`${at.path}/d/f`, `${at.path}/g`);
  symlinkSync("d/f", `${at.path}/l`);
  await run("mkfifo", "-m", "600", `${at.path}/p`);
  writeFileSync(Buffer.concat([Buffer.from(`${at.path}/`), Buffer.from([0xff, 0x41])]), "x");
  await run("python3", "-c", `import socket; socket.socket(socket.AF_UNIX).bind("${at.path}/s")`);
  const tree = hostTree(at.path);
  assert.equal(
    await treeDump(tree),
    [
      "/d: dir 0755 0:0",
      "/d/f: file 0640 0:0 2cf24dba",
      "/g: file 0640 0:0 2cf24dba = /d/f",
      "/l: link -> d/f",
      "/p: fifo 0600 0:0",
      "/s: file 0755 0:0 e3b0c442",
      "/\ufffdA: file 0644 0:0 2d711642",
      "",
    ].join("\n"),
  );
  assert.equal(tree.lookup(fromBytes(Buffer.from([0xff, 0x41])) as TreePath)?.size, 1);
});

test("hostTree() follows no symlink", async () => {
  await using at = await temp();
  mkdirSync(`${at.path}/d`);
  writeFileSync(`${at.path}/d/f`, "hello");
  symlinkSync("d", `${at.path}/l`);
  symlinkSync("/etc", `${at.path}/out`);
  const tree = hostTree(at.path);
  assert.equal(tree.lookup(treePath("l/f")), undefined);
  assert.deepEqual(tree.readdir(treePath("l")), []);
  assert.equal(tree.lookup(treePath("out/passwd")), undefined);
  assert.equal(tree.lookup(treePath("d/f/x")), undefined);
  assert.equal(tree.lookup(treePath("d/f"))?.kind, "file");
});

test("hostTree() hides what its filter hides", async () => {
  await using at = await temp();
  mkdirSync(`${at.path}/node_modules/x`, { recursive: true });
  writeFileSync(`${at.path}/node_modules/x/y`, "");
  writeFileSync(`${at.path}/a`, "");
  const tree = hostTree(at.path, { filter: (path, isDirectory) => !(isDirectory && path === "node_modules") });
  assert.deepEqual(
    [...walk(tree, ROOT)].map(({ path }) => path),
    ["a"],
  );
  assert.equal(tree.lookup(treePath("node_modules/x/y")), undefined);
  assert.deepEqual(tree.readdir(treePath("node_modules")), []);
});

test("hostTree() refuses what is no directory", async () => {
  await using at = await temp();
  writeFileSync(`${at.path}/f`, "");
  assert.throws(() => hostTree(`${at.path}/f`), failsWith("CONTEXT"));
  assert.throws(() => hostTree(`${at.path}/absent`), failsWith("CONTEXT"));
});

test("hostTree() keeps times before 1970 and parts of seconds", async () => {
  await using at = await temp();
  writeFileSync(`${at.path}/a`, "");
  writeFileSync(`${at.path}/b`, "");
  await run("touch", "-d", "@-1.25", `${at.path}/a`);
  await run("touch", "-d", "@1700000000.5", `${at.path}/b`);
  assert.deepEqual(
    hostTree(at.path)
      .readdir(ROOT)
      .map(({ mtimeSec, mtimeNsec }) => [mtimeSec, mtimeNsec]),
    [
      [-2, 750_000_000],
      [1_700_000_000, 500_000_000],
    ],
  );
});

test("createFileDigests() remembers files that did not change, and no others", async () => {
  await using at = await tempStore();
  const root = `${at.path}/context`;
  mkdirSync(`${root}/d`, { recursive: true });
  for (const name of ["a", "d/b", "d/c"]) {
    writeFileSync(`${root}/${name}`, name);
    utimesSync(`${root}/${name}`, 1000, 1000);
  }
  // The change time cannot be set: pretend that hashing began later.
  const digest = async (): Promise<(string | undefined)[]> => {
    using digests = await createFileDigests(at.store, root);
    const tree = hostTree(root, { digests });
    const known = [...walk(tree, ROOT)].filter(({ kind }) => kind === "file").map((one) => one.digest);
    for (const name of ["a", "d/b", "d/c"])
      digests.put(treePath(name), lstatSync(`${root}/${name}`), sha256(readFileSync(`${root}/${name}`)), Date.now() + 10_000);
    await digests.flush();
    return known;
  };
  assert.deepEqual(await digest(), [undefined, undefined, undefined]);
  assert.deepEqual(await digest(), [sha256("a"), sha256("d/b"), sha256("d/c")]);
  writeFileSync(`${root}/d/b`, "D/B");
  utimesSync(`${root}/d/b`, 1000, 1000);
  assert.deepEqual(await digest(), [sha256("a"), undefined, sha256("d/c")]);
  rmSync(`${root}/a`);
  writeFileSync(`${root}/a`, "A");
  assert.deepEqual(await digest(), [undefined, sha256("D/B"), sha256("d/c")]);
});

test("createFileDigests() does not believe what changed while it was hashed", async () => {
  await using at = await tempStore();
  const root = `${at.path}/context`;
  mkdirSync(root);
  writeFileSync(`${root}/a`, "a");
  using digests = await createFileDigests(at.store, root);
  const tree = hostTree(root, { digests });
  const [entry] = tree.readdir(ROOT);
  assert.ok(entry !== undefined);
  assert.equal(await tree.digest(entry), sha256("a"));
  assert.equal(hostTree(root, { digests }).readdir(ROOT)[0]?.digest, undefined);
});

test("hostTree() hashes large files", async () => {
  await using at = await temp();
  const content = Buffer.alloc(3_000_001, "large");
  writeFileSync(`${at.path}/a`, content);
  const tree = hostTree(at.path);
  const [entry] = tree.readdir(ROOT);
  assert.equal(entry === undefined ? undefined : await tree.digest(entry), sha256(content));
});

test("subtreeDigest() sees content, names and metadata, but no times and not the name of the path", async () => {
  await using at = await tempStore();
  const tree = layerTree([
    await layerOf(
      at.store,
      ...["a", "b", "c", "d", "e", "f"].flatMap((name) => [
        item(name, "dir", { mtimeSec: name.charCodeAt(0) }),
        file(`${name}/${name === "c" ? "y" : "x"}`, name === "d" ? "other" : "hello", {
          mtimeSec: name.charCodeAt(0),
          mode: name === "e" ? 0o600 : 0o644,
          uid: name === "f" ? 1 : 0,
        }),
      ]),
    ),
  ]);
  const digests = await Promise.all(["a", "b", "c", "d", "e", "f", "absent"].map((name) => subtreeDigest(tree, treePath(name))));
  assert.equal(digests[0], digests[1]);
  assert.equal(new Set(digests).size, 6);
  assert.equal(await subtreeDigest(tree, treePath("a/x")), await subtreeDigest(tree, treePath("c/y")));
});

const ITEMS = [
  item("c", "char", { major: 1, minor: 3, mode: 0o666 }),
  item("d", "dir", { mode: 0o750, uid: 4, gid: 5 }),
  file("d/f", "hello", { mode: 0o4755 }),
  item("d/g", "hardlink", { link: "d/f", mode: 0o4755 }),
  item("d/l", "symlink", { link: "/etc" }),
  item("p", "fifo"),
] as const;
const ITEMS_DUMP =
  "/c: char 0666 0:0 1:3\n/d: dir 0750 4:5\n/d/f: file 4755 0:0 2cf24dba\n/d/g: file 4755 0:0 2cf24dba = /d/f\n/d/l: link -> /etc\n/p: fifo 0644 0:0\n";

test("unpackTree() makes a plain directory", async () => {
  await using at = await tempStore();
  const tree = layerTree([await layerOf(at.store, ...ITEMS)]);
  await unpackTree(tree, `${at.path}/out/deep`, { keepOwners: true });
  assert.equal(await treeDump(hostTree(`${at.path}/out/deep`)), ITEMS_DUMP);
  assert.equal(lstatSync(`${at.path}/out/deep/d`).mtimeMs, 1_000_000);
  await unpackTree(tree, `${at.path}/mine`);
  assert.equal(await treeDump(hostTree(`${at.path}/mine`)), ITEMS_DUMP.replace("4:5", "0:0"));
});

test("unpackTree() replaces what is in its way and writes through no symlink", async () => {
  await using at = await tempStore();
  const out = `${at.path}/out`;
  mkdirSync(`${at.path}/elsewhere`);
  mkdirSync(`${out}/p/full`, { recursive: true });
  symlinkSync(`${at.path}/elsewhere`, `${out}/d`);
  writeFileSync(`${out}/kept`, "kept");
  await unpackTree(layerTree([await layerOf(at.store, ...ITEMS)]), out, { keepOwners: true });
  assert.equal(await treeDump(hostTree(out)), ITEMS_DUMP.replace("/p:", "/kept: file 0644 0:0 79f076ab\n/p:"));
  assert.deepEqual(hostTree(`${at.path}/elsewhere`).readdir(ROOT), []);
  await unpackTree(layerTree([await layerOf(at.store, file("d", "now a file"))]), out);
  assert.equal(readFileSync(`${out}/d`, "utf8"), "now a file");
});

test("unpackTree() leaves no half of a file that cannot be written whole", async () => {
  await using at = await temp();
  mkdirSync(`${at.path}/in`);
  writeFileSync(`${at.path}/in/f`, "hello");
  const tree = hostTree(`${at.path}/in`);
  const shrinking: Tree = {
    ...tree,
    data: (entry) => {
      truncateSync(`${at.path}/in/f`, 2);
      return tree.data(entry);
    },
  };
  await assert.rejects(unpackTree(shrinking, `${at.path}/out`), failsWith("CONTEXT"));
  assert.deepEqual(hostTree(`${at.path}/out`).readdir(ROOT), []);
});

test("H3: unpackTree() by a stage changes nothing before all is written, and merges then", async () => {
  await using at = await tempStore();
  const out = `${at.path}/out`;
  mkdirSync(`${out}/d`, { recursive: true });
  writeFileSync(`${out}/d/kept`, "kept");
  writeFileSync(`${out}/d/f`, "old");
  mkdirSync(`${out}/was-folder/deep`, { recursive: true });
  const tree = layerTree([
    await layerOf(at.store, item("d", "dir", { mode: 0o711 }), file("d/f", "new"), file("was-folder", "file"), file("z", "z")),
  ]);
  const failing: Tree = {
    ...tree,
    data: (entry) => (entry.path === "z" ? Promise.reject(new Error("cut short")) : tree.data(entry)),
  };
  await assert.rejects(unpackTree(failing, out, { stage: `${at.path}/stage1` }), /cut short/);
  assert.deepEqual([readFileSync(`${out}/d/f`, "utf8"), readdirSync(out)], ["old", ["d", "was-folder"]]);
  await unpackTree(tree, out, { stage: `${at.path}/stage2` });
  assert.deepEqual(
    [readdirSync(out), readdirSync(`${out}/d`)],
    [
      ["d", "was-folder", "z"],
      ["f", "kept"],
    ],
  );
  assert.deepEqual([readFileSync(`${out}/d/f`, "utf8"), readFileSync(`${out}/was-folder`, "utf8")], ["new", "file"]);
  assert.equal(lstatSync(`${out}/d`).mode & 0o777, 0o711);
});

test("unpackTree() refuses a destination that is a file", async () => {
  await using at = await temp();
  writeFileSync(`${at.path}/f`, "");
  await assert.rejects(unpackTree(layerTree([]), `${at.path}/f`), failsWith("EXPORT"));
});

test("treeTar() gives the whole tree, with hard links", async () => {
  await using at = await tempStore();
  const tree = layerTree([await layerOf(at.store, ...ITEMS), await layerOf(at.store, item("d/f", "whiteout"), file("e", "new"))]);
  writeFileSync(`${at.path}/t.tar`, await collect(treeTar([{ tree }]), 1e6));
  mkdirSync(`${at.path}/out`);
  await run("tar", "-C", `${at.path}/out`, "-xpf", `${at.path}/t.tar`);
  assert.equal(await treeDump(hostTree(`${at.path}/out`)), await treeDump(tree));
});

test("treeItems() makes a layer of a host directory", async () => {
  await using at = await tempStore();
  mkdirSync(`${at.path}/in/d`, { recursive: true });
  writeFileSync(`${at.path}/in/d/f`, "hello");
  linkSync(`${at.path}/in/d/f`, `${at.path}/in/e`);
  const tree = hostTree(`${at.path}/in`);
  assert.equal(await treeDump(layerTree([await writeLayer(at.store, treeItems(tree, ROOT))])), await treeDump(tree));
});
