/** Names in folders that somebody else changes: what a symlink that took the place of a directory leads to is never reached. */
import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { errnoOf } from "../errors.ts";
import { fromText, toBytes } from "../paths.ts";
import { inside, listInside, openInside, removeInside, statInside } from "./inside.ts";

/** A folder `in` with d/e/f, and one outside of it that has a file of the same name. */
async function lab(): Promise<AsyncDisposable & { readonly path: string; at(name: string): { path: string; root: number } }> {
  const dir = await mkdtempDisposable(join(tmpdir(), "decant-inside-"));
  mkdirSync(`${dir.path}/in/d/e`, { recursive: true });
  mkdirSync(`${dir.path}/out/e`, { recursive: true });
  writeFileSync(`${dir.path}/in/d/e/f`, "inside");
  writeFileSync(`${dir.path}/out/e/f`, "outside");
  const root = fromText(`${dir.path}/in`);
  return {
    path: dir.path,
    at: (name) => ({ path: `${root}/${name}`, root: root.length }),
    [Symbol.asyncDispose]: () => dir.remove(),
  };
}

function errno(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

function text(path: string | Buffer): string {
  return readFileSync(path, "utf8");
}

test("H: inside() follows no symlink on the way, and no other root", async () => {
  await using at = await lab();
  assert.equal(inside(at.at("d/e/f"), text), "inside");
  assert.deepEqual(
    inside(at.at("d/."), (path) => readdirSync(path)),
    ["e"],
  );
  symlinkSync("d", `${at.path}/in/l`);
  symlinkSync("../out", `${at.path}/in/o`);
  for (const name of ["l/e/f", "o/e/f", "o/.", "d/e/f/x"])
    assert.equal(
      errno(() => inside(at.at(name), text)),
      "ENOTDIR",
      name,
    );
  // The folder itself is what the user named, link or not.
  const root = fromText(`${at.path}/in/o`);
  assert.equal(inside({ path: `${root}/e/f`, root: root.length }, text), "outside");
});

test("H: inside() reads the directory that it opened, or nothing, when a symlink takes its place", async () => {
  await using at = await lab();
  assert.equal(inside(at.at("d/e/f"), text), "inside");
  renameSync(`${at.path}/in/d`, `${at.path}/moved`);
  symlinkSync("../out", `${at.path}/in/d`);
  assert.equal(inside(at.at("d/e/f"), text), "inside");
  await setImmediate();
  assert.equal(
    errno(() => inside(at.at("d/e/f"), text)),
    "ENOTDIR",
  );
});

test("inside() tells of the path that its caller knows", async () => {
  await using at = await lab();
  for (const name of ["d/none", "none/f", "d/e/f/x"])
    assert.throws(
      () => inside(at.at(name), text),
      (error: Error) => error.message.includes(`${at.path}/in/${name.split("/")[0] ?? ""}`) && !error.message.includes("/proc/"),
    );
  assert.throws(() => inside(at.at("d/../../out/e/f"), text), /has ".."/);
});

test("inside() has two paths at once, however deep, and lets go of what it opened", async () => {
  await using at = await lab();
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  await setImmediate();
  const before = descriptors();
  const deep = Array.from({ length: 300 }, () => "x").join("/");
  mkdirSync(`${at.path}/in/${deep}`, { recursive: true });
  writeFileSync(`${at.path}/in/${deep}/f`, "deep");
  assert.deepEqual(
    inside(at.at("d/e/f"), (first) => inside(at.at(`${deep}/f`), (second) => [text(first), text(second)])),
    ["inside", "deep"],
  );
  assert.equal(
    inside(at.at("x/."), (path) => readdirSync(path).length),
    1,
  );
  assert.ok(descriptors() < before + 70);
  await setImmediate();
  assert.equal(descriptors(), before);
});

test("removeInside() removes links, and nothing behind them", async () => {
  await using at = await lab();
  symlinkSync("../../../out", `${at.path}/in/d/e/l`);
  removeInside(at.at("d"));
  removeInside(at.at("none"));
  assert.deepEqual([existsSync(`${at.path}/in/d`), readFileSync(`${at.path}/out/e/f`, "utf8")], [false, "outside"]);
  // In the same turn.
  mkdirSync(`${at.path}/in/d/e`, { recursive: true });
  inside(at.at("d/e/new"), (path) => writeFileSync(path, "new"));
  assert.equal(text(`${at.path}/in/d/e/new`), "new");
  symlinkSync("../out", `${at.path}/in/l`);
  assert.equal(
    errno(() => removeInside(at.at("l/e"))),
    "ENOTDIR",
  );
  removeInside(at.at("l"));
  assert.deepEqual([lstatSync(`${at.path}/in/l`, { throwIfNoEntry: false }), readdirSync(`${at.path}/out`)], [undefined, ["e"]]);
});

test("statInside() says what lstat(2) says, by node:fs and by libc, and openInside() opens no link", async () => {
  await using at = await lab();
  symlinkSync("f", `${at.path}/in/d/e/é`);
  const places = [...["d/.", "d/e", "d/e/f", "d/e/é", "."].map((name) => at.at(fromText(name))), { path: "/dev/null", root: 4 }];
  for (const by of ["node:fs", "libc"]) {
    for (const place of places) {
      const { dev, ino, mode, nlink, uid, gid, rdev, size, mtimeMs, ctimeMs } = lstatSync(toBytes(place.path));
      const found = { dev, ino, mode, nlink, uid, gid, rdev, size, mtimeMs, ctimeMs };
      assert.partialDeepStrictEqual(statInside(place), found, `${place.path} by ${by}`);
    }
    closeSync(openInside(at.at("d/e/f"), constants.O_RDONLY));
    assert.equal(
      errno(() => openInside(at.at(fromText("d/e/é")), constants.O_RDONLY)),
      "ELOOP",
    );
    assert.equal(statInside(at.at("d/none")), undefined);
  }
});

test("listInside() says of each name in a directory what lstat(2) says of it, in the order of bytes", async () => {
  await using at = await lab();
  for (const name of ["é", "Z", "a.b", "a"]) writeFileSync(`${at.path}/in/d/${name}`, name);
  symlinkSync("../../out", `${at.path}/in/d/l`);
  const found = listInside(at.at("d"));
  assert.deepEqual(
    found.map(([name, { ino }]) => [name, ino]),
    ["Z", "a", "a.b", "e", "l", fromText("é")].map((name) => [name, lstatSync(toBytes(`${fromText(at.path)}/in/d/${name}`)).ino]),
  );
  for (const [name, wanted] of [
    ["d/l", "ENOTDIR"],
    ["d/a", "ENOTDIR"],
    ["none", "ENOENT"],
  ] as const)
    assert.equal(
      errno(() => listInside(at.at(name))),
      wanted,
    );
});
