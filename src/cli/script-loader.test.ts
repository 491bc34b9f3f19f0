import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { chown } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeTemporaryFolder } from "../sys/index.ts";
import { createScriptLoader } from "./script-loader.ts";

const MAIN = 'exports.answer = () => require("./part.cjs").half * 2; exports.late = () => require("node:path"); exports.sign = /…/.source;';

/** Scripts in a folder of their own, and what runs them as one command. */
function scripts(folder: string): { readonly cache: string; readonly run: (command?: string) => unknown } {
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/main.cjs"), MAIN);
  writeFileSync(join(folder, "dist/part.cjs"), "exports.half = 21;");
  const cache = join(folder, "cache");
  const run = (command = "build"): unknown => {
    const loader = createScriptLoader({ folder: join(folder, "dist"), cache, command });
    const { answer } = loader.load("./main.cjs") as { answer: () => unknown };
    const value = answer();
    loader.keep();
    return value;
  };
  return { cache, run };
}

/** The one file of the cache. */
function fileIn(cache: string): string {
  const [name = "", ...others] = readdirSync(cache);
  assert.deepEqual(others, []);
  return join(cache, name);
}

/** Whether `run` writes the file that was last written so many seconds ago. */
function isWritten(file: string, run: () => unknown, ageS = 60): boolean {
  const time = Math.floor(Date.now() / 1000) - ageS;
  utimesSync(file, time, time);
  assert.equal(run(), 42);
  return statSync(file).mtimeMs !== time * 1000;
}

test("D: createScriptLoader() loads scripts, and keeps their code in one file for a command", () => {
  using scratch = makeTemporaryFolder("scripts");
  const { cache, run } = scripts(scratch.path);
  assert.equal(run(), 42);
  const file = fileIn(cache);
  assert.match(file, /\/build-v[\d.]+-\w+-[0-9a-f]+$/);
  assert.deepEqual([statSync(cache).mode & 0o777, statSync(file).mode & 0o777], [0o700, 0o600]);
  assert.deepEqual(
    [60, 60, 60, 60, 100_000, 60].map((ageS) => isWritten(file, run, ageS)),
    [true, true, false, false, true, false],
  );
  assert.equal(run("../../x"), 42);
  assert.deepEqual(
    readdirSync(cache).map((name) => name.split("-")[0]),
    ["build", "other"],
  );
});

test("D: createScriptLoader() takes no code that is damaged, cut off, or of another source, and replaces it", () => {
  using scratch = makeTemporaryFolder("scripts");
  const { cache, run } = scripts(scratch.path);
  for (let round = 0; round < 4; round += 1) run();
  const file = fileIn(cache);
  const good = readFileSync(file);
  assert.equal(isWritten(file, run), false);
  const places = [0, 4, 8, 12, 16, 200, good.byteLength - 1];
  const damaged = places.map((at) => Buffer.from(good.map((byte, index) => (index === at ? byte ^ 1 : byte))));
  for (const bytes of [...damaged, good.subarray(0, 10), good.subarray(0, -1), Buffer.of()]) {
    writeFileSync(file, bytes);
    assert.ok(isWritten(file, run));
  }
  // V8 itself compares lengths only.
  writeFileSync(join(scratch.path, "dist/part.cjs"), "exports.half = 22;");
  assert.equal(run(), 44);
});

test("D: createScriptLoader() takes code only from a folder and a file that nobody else can write, and writes into no other", async () => {
  using scratch = makeTemporaryFolder("scripts");
  const { cache, run } = scripts(scratch.path);
  run();
  const file = fileIn(cache);
  chmodSync(file, 0o620);
  assert.ok(isWritten(file, run));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  if (process.geteuid?.() === 0) {
    await chown(file, 65534, 65534);
    assert.ok(isWritten(file, run));
    assert.equal(statSync(file).uid, 0);
    await chown(cache, 65534, 65534);
    assert.equal(isWritten(file, run), false);
    await chown(cache, 0, 0);
  }
  chmodSync(cache, 0o777);
  assert.equal(isWritten(file, run), false);

  using second = makeTemporaryFolder("scripts");
  const linked = scripts(second.path);
  symlinkSync(cache, linked.cache);
  const before = statSync(file).mtimeMs;
  assert.equal(linked.run(), 42);
  assert.equal(statSync(file).mtimeMs, before);
});

test("D: createScriptLoader() follows no link in its cache", () => {
  using scratch = makeTemporaryFolder("scripts");
  const { cache, run } = scripts(scratch.path);
  run();
  const file = fileIn(cache);
  const other = join(scratch.path, "other");
  renameSync(file, other);
  const bytes = readFileSync(other);
  symlinkSync(other, file);
  assert.equal(run(), 42);
  assert.deepEqual(readFileSync(other), bytes);
  assert.ok(lstatSync(file).isFile());
});

test("D: createScriptLoader() gives scripts packages, and works where nothing can be kept", () => {
  using scratch = makeTemporaryFolder("scripts");
  scripts(scratch.path);
  const folder = join(scratch.path, "dist");
  for (const cache of [undefined, join(folder, "main.cjs/cache"), "/proc/decant"]) {
    const loader = createScriptLoader({ folder, cache, command: "build" });
    const { answer, late, sign } = loader.load("./main.cjs") as { answer: () => unknown; late: () => { sep: string }; sign: string };
    assert.deepEqual([late().sep, sign], ["/", "…"]);
    loader.keep();
    assert.equal(answer(), 42);
    loader.keep();
  }
});

test("D: createScriptLoader() removes code that nobody has written for 30 days when it keeps some", () => {
  using scratch = makeTemporaryFolder("scripts");
  const { cache, run } = scripts(scratch.path);
  mkdirSync(cache);
  for (const name of ["old", "new"]) writeFileSync(join(cache, name), "");
  utimesSync(join(cache, "old"), 1e9, 1e9);
  run();
  assert.deepEqual(
    readdirSync(cache).map((name) => name.split("-")[0]),
    ["build", "new"],
  );
});
