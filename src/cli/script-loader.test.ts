import assert from "node:assert/strict";
import { globSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeTemporaryFolder } from "../sys/index.ts";
import { createScriptLoader } from "./script-loader.ts";

const MAIN = 'exports.answer = () => require("./part.cjs").half * 2; exports.late = () => require("node:path");';

test("createScriptLoader() loads scripts, keeps their code, and takes no code that is damaged or of another source", () => {
  using scratch = makeTemporaryFolder("scripts");
  const folder = join(scratch.path, "dist");
  const cache = join(scratch.path, "cache");
  mkdirSync(folder);
  writeFileSync(join(folder, "main.cjs"), MAIN);
  writeFileSync(join(folder, "part.cjs"), "exports.half = 21;");
  const run = (command = "build"): unknown => {
    const loader = createScriptLoader({ folder, cache, command });
    const { answer } = loader.load("./main.cjs") as { answer: () => unknown };
    const value = answer();
    loader.keep();
    return value;
  };
  assert.equal(run(), 42);
  assert.deepEqual(readdirSync(cache).toSorted(), ["main.cjs.build", "part.cjs.build"]);

  const file = join(cache, "main.cjs.build");
  const isWritten = (ageS: number): boolean => {
    const time = Math.floor(Date.now() / 1000) - ageS;
    utimesSync(file, time, time);
    assert.equal(run(), 42);
    return statSync(file).mtimeMs !== time * 1000;
  };
  assert.deepEqual([60, 60, 60, 60, 100_000, 60].map(isWritten), [true, true, false, false, true, false]);

  for (const at of [0, 4, 12, statSync(file).size - 1]) {
    const damaged = readFileSync(file);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    assert.equal(run(), 42, `byte ${at} is damaged`);
    assert.notDeepEqual(readFileSync(file), damaged);
  }
  // V8 itself compares lengths only.
  writeFileSync(join(folder, "part.cjs"), "exports.half = 22;");
  assert.equal(run(), 44);
  writeFileSync(file, "");
  assert.equal(run("../../x"), 44);
  assert.deepEqual(globSync("**/*other", { cwd: scratch.path }).toSorted(), ["cache/main.cjs.other", "cache/part.cjs.other"]);
});

test("createScriptLoader() gives scripts packages, and works where nothing can be kept", () => {
  using scratch = makeTemporaryFolder("scripts");
  writeFileSync(join(scratch.path, "main.cjs"), MAIN);
  writeFileSync(join(scratch.path, "part.cjs"), "exports.half = 21;");
  for (const cache of [undefined, join(scratch.path, "main.cjs/cache")]) {
    const loader = createScriptLoader({ folder: scratch.path, cache, command: "build" });
    const { answer, late } = loader.load("./main.cjs") as { answer: () => unknown; late: () => { sep: string } };
    assert.equal(answer(), 42);
    assert.equal(late().sep, "/");
    loader.keep("long");
  }
});

test("createScriptLoader() removes code that is older than 30 days when it keeps some", () => {
  using scratch = makeTemporaryFolder("scripts");
  const cache = join(scratch.path, "cache");
  mkdirSync(cache);
  writeFileSync(join(scratch.path, "part.cjs"), "exports.half = 21;");
  for (const name of ["old", "new"]) writeFileSync(join(cache, name), "");
  utimesSync(join(cache, "old"), 1e9, 1e9);
  const loader = createScriptLoader({ folder: scratch.path, cache, command: "build" });
  loader.load("./part.cjs");
  loader.keep();
  assert.deepEqual(readdirSync(cache).toSorted(), ["new", "part.cjs.build"]);
});
