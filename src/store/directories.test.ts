import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeNode, runProcess } from "../sys/index.ts";
import { removeTree } from "./remove-tree.ts";
import { openStore } from "./store.ts";
import { failsWith, temp, tempStore } from "./testdata/support.ts";

test("directories are invisible until they are published", async () => {
  await using at = await tempStore();
  const { dirs } = at.store;
  await using staged = await dirs.create("layer");
  writeFileSync(join(staged.path, "file"), "1");
  assert.equal(dirs.find("layer", "one"), undefined);
  const path = await staged.publish("one");
  assert.equal(readFileSync(join(path, "file"), "utf8"), "1");
  assert.deepEqual([dirs.find("layer", "one"), dirs.find("other", "one")], [path, undefined]);
  assert.equal(existsSync(staged.path), false);
});

test("publish() gives the first one's directory to the second, and removes ours", async () => {
  await using at = await tempStore();
  const stage = async (text: string): Promise<string> => {
    await using staged = await at.store.dirs.create("layer");
    writeFileSync(join(staged.path, "file"), text);
    const path = await staged.publish("sha256:ab");
    assert.equal(existsSync(staged.path), false);
    return path;
  };
  const first = await stage("first");
  assert.equal(await stage("second"), first);
  assert.equal(readFileSync(join(first, "file"), "utf8"), "first");
  assert.equal(first.includes(":"), false);
});

test("a staged directory goes when it is not published", async () => {
  await using at = await tempStore();
  let path: string;
  {
    await using staged = await at.store.dirs.create("layer");
    path = staged.path;
    mkdirSync(join(path, "a/b"), { recursive: true });
  }
  assert.equal(existsSync(path), false);
});

test("names that could leave the store are refused", async () => {
  await using at = await tempStore();
  for (const name of ["..", "a/b", "", ".hidden", "a\0b"]) assert.throws(() => at.store.dirs.find("layer", name), failsWith("INTERNAL"));
});

test("a directory of an earlier boot is suspect until it is confirmed", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  {
    await using before = await openStore({ root, bootId: () => "one" });
    const staged = await before.dirs.create("layer");
    await staged.publish("a");
    assert.equal(before.dirs.isSuspect("layer", "a"), false);
  }
  await using after = await openStore({ root, bootId: () => "two" });
  assert.equal(after.dirs.isSuspect("layer", "a"), true);
  after.dirs.find("layer", "a");
  assert.equal(after.dirs.isSuspect("layer", "a"), true);
  after.dirs.confirm("layer", "a");
  assert.equal(after.dirs.isSuspect("layer", "a"), false);
});

test("publish() replaces a suspect directory", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  for (const boot of ["one", "two"]) {
    await using store = await openStore({ root, bootId: () => boot });
    await using staged = await store.dirs.create("layer");
    writeFileSync(join(staged.path, "file"), boot);
    const path = await staged.publish("a");
    assert.equal(readFileSync(join(path, "file"), "utf8"), boot);
    assert.equal(store.dirs.isSuspect("layer", "a"), false);
  }
});

test("a directory that the database does not know is suspect", async () => {
  await using at = await tempStore();
  mkdirSync(join(at.root, "dirs/layer/a"), { recursive: true });
  assert.equal(at.store.dirs.find("layer", "a"), join(at.root, "dirs/layer/a"));
  assert.equal(at.store.dirs.isSuspect("layer", "a"), true);
});

test("remove() takes it away, and does not mind when it is not there", async () => {
  await using at = await tempStore();
  const staged = await at.store.dirs.create("layer");
  const path = await staged.publish("a");
  await at.store.dirs.remove("layer", "a");
  await at.store.dirs.remove("layer", "a");
  assert.deepEqual([existsSync(path), at.store.dirs.find("layer", "a")], [false, undefined]);
});

test("scratch() gives a private folder that goes with its owner", async () => {
  await using at = await tempStore();
  let path: string;
  {
    await using scratch = await at.store.scratch();
    path = scratch.path;
    writeFileSync(join(path, "x"), "");
  }
  assert.equal(existsSync(path), false);
});

/** Makes a tree that resists. */
function hostileTree(root: string): void {
  mkdirSync(join(root, "closed/inner"), { recursive: true });
  writeFileSync(join(root, "closed/inner/file"), "x");
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x41])]));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x41, 0x2f, 0xfe])]), "");
  symlinkSync("/etc", join(root, "link"));
  makeNode(join(root, "fifo"), { kind: "fifo" });
}

const DEEPER =
  "i=0; while [ $i -lt 60 ]; do mkdir dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd && cd -P d* || exit 1; i=$((i+1)); done; echo x > file";

test("removeTree() removes odd names, devices, immutable files and paths beyond PATH_MAX, and follows no symlink", async (context) => {
  await using dir = await temp();
  const root = join(dir.path, "tree");
  mkdirSync(root);
  writeFileSync(join(dir.path, "outside"), "kept");
  hostileTree(root);
  symlinkSync("../outside", join(root, "outside"));
  // Two such trees side by side, each longer than a path may be.
  for (const name of ["one", "two"]) {
    mkdirSync(join(root, name));
    assert.equal((await runProcess({ argv: ["/bin/bash", "-c", DEEPER], cwd: join(root, name) })).exitCode, 0);
  }
  if (process.getuid?.() === 0) {
    makeNode(join(root, "whiteout"), { kind: "char" });
    await runProcess({ argv: ["chattr", "+i", join(root, "closed/inner/file"), join(root, "closed/inner")] });
  } else context.diagnostic("without root: no devices, no immutable files");
  await removeTree(root);
  assert.deepEqual(readdirSync(dir.path), ["outside"]);
});

test("removeTree() opens directories without rights, as an ordinary user", async (context) => {
  if (process.getuid?.() !== 0) return context.skip("changing the user needs root");
  await using dir = await temp();
  const script = `
    import { chmodSync, mkdirSync, writeFileSync, existsSync } from "node:fs";
    import { removeTree } from ${JSON.stringify(new URL("remove-tree.ts", import.meta.url).href)};
    mkdirSync("tree/closed/inner", { recursive: true });
    writeFileSync("tree/closed/inner/file", "x");
    for (const path of ["tree/closed/inner", "tree/closed", "tree"]) chmodSync(path, 0);
    await removeTree(process.cwd() + "/tree");
    console.log(existsSync("tree"));`;
  await runProcess({ argv: ["chown", "65534", dir.path] });
  const result = await runProcess({
    argv: ["setpriv", "--reuid=65534", "--clear-groups", process.execPath, "--input-type=module", "-e", script],
    cwd: dir.path,
  });
  if (/EACCES.*(main|node)/.test(String(result.stderr))) return context.skip("the user may not read the sources");
  assert.deepEqual([String(result.stdout), String(result.stderr)], ["false\n", ""]);
});

test("removeTree() removes nothing through a mount", async (context) => {
  await using dir = await temp();
  mkdirSync(join(dir.path, "tree/mnt"), { recursive: true });
  mkdirSync(join(dir.path, "precious"));
  writeFileSync(join(dir.path, "precious/file"), "kept");
  const mounted = await runProcess({ argv: ["mount", "--bind", join(dir.path, "precious"), join(dir.path, "tree/mnt")] });
  if (mounted.exitCode !== 0) return context.skip("mounting needs root");
  try {
    await assert.rejects(removeTree(join(dir.path, "tree")), failsWith("STORE", /mounted at/));
  } finally {
    await runProcess({ argv: ["umount", join(dir.path, "tree/mnt")] });
  }
  assert.equal(readFileSync(join(dir.path, "precious/file"), "utf8"), "kept");
});

test("removeTree() measures, stops on abort, and takes a plain file", async () => {
  await using dir = await temp();
  const root = join(dir.path, "tree");
  mkdirSync(root);
  for (let at = 0; at < 300; at += 1) writeFileSync(join(root, String(at)), "x");
  await assert.rejects(removeTree(root, { signal: AbortSignal.abort(new Error("stop")) }), /stop/);
  assert.equal(existsSync(root), true);
  assert.equal((await removeTree(root, { measure: true })) % 512, 0);
  writeFileSync(root, "file");
  await removeTree(root);
  await removeTree(root);
  assert.equal(existsSync(root), false);
  rmSync(root, { force: true });
});
