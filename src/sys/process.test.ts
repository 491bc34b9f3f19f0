import assert from "node:assert/strict";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { collect } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { findTool, runProcess, startProcess } from "./process.ts";

const sh = (script: string, ...args: string[]): string[] => ["/bin/sh", "-c", script, "sh", ...args];

test("runProcess() collects both outputs and the exit code", async () => {
  const result = await runProcess({ argv: sh("echo out; echo err >&2; exit 3") });
  assert.deepEqual([result.exitCode, String(result.stdout), String(result.stderr)], [3, "out\n", "err\n"]);
});

test("runProcess() gives input, arguments, environment and working directory", async () => {
  const result = await runProcess({ argv: sh('cat; echo "$1|$FOO|$PWD|$HOME"', "a b"), input: "in;", env: { FOO: "1" }, cwd: "/" });
  assert.equal(String(result.stdout), "in;a b|1|/|\n");
});

test("runProcess() says 128 + n for a process that a signal ended", async () => {
  assert.equal((await runProcess({ argv: sh("kill -9 $$") })).exitCode, 137);
});

test("runProcess() does not mind a child that reads only part of its input", async () => {
  const input = (async function* () {
    for (let at = 0; at < 64; at += 1) yield Buffer.alloc(65536, 97);
  })();
  const result = await runProcess({ argv: ["head", "-c", "3"], input });
  assert.deepEqual([result.exitCode, String(result.stdout)], [0, "aaa"]);
});

test("runProcess() rejects with the error of its input, and ends the child", async () => {
  const input = (async function* () {
    yield Buffer.from("x");
    throw new Error("torn");
  })();
  await assert.rejects(runProcess({ argv: ["cat"], input }), /torn/);
});

test("runProcess() stops a child that prints too much", async () => {
  await assert.rejects(runProcess({ argv: ["yes"], maxOutputBytes: 1000 }), (error) => isDecantError(error, "BLOB_SIZE"));
});

test("runProcess() names a program that does not exist", async () => {
  await assert.rejects(
    runProcess({ argv: ["no-such-program-of-decant"] }),
    (error) => isDecantError(error, "NOT_FOUND") && /"no-such-program-of-decant"/.test(error.message),
  );
});

test("runProcess() says SYSCALL for a file that cannot be executed", async () => {
  await assert.rejects(
    runProcess({ argv: ["/etc/passwd"] }),
    (error) => isDecantError(error, "SYSCALL") && error.details["errno"] === "EACCES",
  );
});

test("startProcess() keeps output that is read after the process has ended", async () => {
  const child = startProcess({ argv: sh("head -c 50000 /dev/zero; echo late >&2") });
  assert.deepEqual(await child.exit, { exitCode: 0 });
  assert.equal((await collect(child.stdout, 100_000)).length, 50_000);
  assert.equal(String(await collect(child.stderr, 100)), "late\n");
});

test("startProcess() ends the child on abort and rejects with the reason", async () => {
  const stop = new AbortController();
  const child = startProcess({ argv: sh("echo ready; exec sleep 100"), signal: stop.signal });
  for await (const _ of child.stdout) break;
  stop.abort(new Error("enough"));
  await assert.rejects(child.exit, /enough/);
  assert.equal(child.kill(), false);
});

test("startProcess() kills a child that ignores the first signal", async () => {
  const stop = new AbortController();
  const child = startProcess({ argv: sh("trap '' TERM; echo ready; while :; do sleep 1; done"), signal: stop.signal, graceMs: 10 });
  const reader = child.stdout[Symbol.asyncIterator]();
  await reader.next();
  stop.abort(new Error("enough"));
  await assert.rejects(child.exit, /enough/);
});

test("runProcess() rejects on abort although a grandchild holds the output open", async () => {
  const stop = new AbortController();
  const input = (async function* () {
    yield Buffer.from("x\n");
    stop.abort(new Error("enough"));
  })();
  await assert.rejects(runProcess({ argv: sh("sleep 3 & read x; wait"), input, signal: stop.signal }), /enough/);
});

test("startProcess() starts nothing once aborted", () => {
  assert.throws(() => startProcess({ argv: ["true"], signal: AbortSignal.abort(new Error("before")) }), /before/);
});

test("startProcess() kills all of its own group", async () => {
  const child = startProcess({ argv: sh("sleep 100 & echo $!; wait"), ownGroup: true });
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    child.kill("SIGKILL");
  }
  assert.deepEqual(await child.exit, { signal: "SIGKILL" });
  // The pipe ends only when the grandchild, which holds its other end, is gone too.
  assert.match(text, /^\d+\n$/);
});

test("startProcess() writes to file descriptors and passes extra ones", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-process-"));
  const out = openSync(join(dir.path, "out"), "w");
  const extra = openSync(join(dir.path, "extra"), "w");
  const child = startProcess({ argv: sh("echo one; echo two >&3"), stdio: { stdout: out, stderr: "ignore", extra: [extra] } });
  assert.deepEqual(await child.exit, { exitCode: 0 });
  closeSync(out);
  closeSync(extra);
  assert.equal(readFileSync(join(dir.path, "out"), "utf8") + readFileSync(join(dir.path, "extra"), "utf8"), "one\ntwo\n");
  assert.equal((await collect(child.stdout, 10)).length, 0);
});

test("findTool() searches PATH for executable files only", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-tool-"));
  mkdirSync(join(dir.path, "a/tool"), { recursive: true });
  mkdirSync(join(dir.path, "b"));
  mkdirSync(join(dir.path, "c"));
  writeFileSync(join(dir.path, "b/tool"), "");
  writeFileSync(join(dir.path, "c/tool"), "");
  chmodSync(join(dir.path, "c/tool"), 0o755);
  const PATH = ["", "a", "b", "c"].map((name) => (name === "" ? "" : join(dir.path, name))).join(":");
  assert.equal(findTool("tool", { PATH }), join(dir.path, "c/tool"));
  assert.equal(findTool("other", { PATH }), undefined);
  assert.equal(findTool("tool", {}), undefined);
  assert.equal(findTool(join(dir.path, "c/tool"), {}), join(dir.path, "c/tool"));
});
