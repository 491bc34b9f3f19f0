/** Which lines of a log say why a step failed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failingLines } from "./failing-lines.ts";

/** "> 3 text" for a failing line, "  3 text" for one around it. */
function shown(log: string, around?: number): string {
  return failingLines(log, around)
    .map(({ line, text, isFailing }) => `${isFailing ? ">" : " "} ${line} ${text}`)
    .join("\n");
}

describe("failingLines()", () => {
  const rows: readonly { readonly name: string; readonly line: string; readonly failing: boolean }[] = [
    { name: "gcc", line: "main.c:3:5: error: expected ';' before 'return'", failing: true },
    { name: "gcc without a header", line: "main.c:1:10: fatal error: zlib.h: No such file or directory", failing: true },
    { name: "ld", line: "main.c:(.text+0x9): undefined reference to `inflate'", failing: true },
    { name: "tsc", line: "src/a.ts(3,1): error TS2304: Cannot find name 'x'.", failing: true },
    { name: "rustc", line: "error[E0425]: cannot find value `x` in this scope", failing: true },
    { name: "npm", line: "npm ERR! code ERESOLVE", failing: true },
    { name: "npm, newer", line: "npm error code ENOENT", failing: true },
    { name: "apt", line: "E: Unable to locate package nodejs-foo", failing: true },
    { name: "Node", line: "TypeError: x is not a function", failing: true },
    { name: "Node, a module", line: "Error: Cannot find module 'express'", failing: true },
    { name: "Python", line: "ModuleNotFoundError: No module named 'flask'", failing: true },
    { name: "Java", line: "Caused by: java.lang.IllegalStateException: no", failing: true },
    { name: "make", line: "make[1]: *** [Makefile:3: all] Error 2", failing: true },
    { name: "a shell", line: "/bin/sh: 1: npmm: not found", failing: true },
    { name: "git", line: "fatal: not a git repository", failing: true },
    { name: "Go", line: "panic: runtime error: index out of range", failing: true },
    { name: "TAP", line: "not ok 3 - adds", failing: true },
    { name: "colours", line: "\u001b[31merror\u001b[0m: no", failing: true },
    { name: "progress that was overwritten", line: "10%\r20%\rerror: disk", failing: true },
    { name: "no errors", line: "Found 0 errors.", failing: false },
    { name: "a sum without errors", line: "tests passed, errors: 0", failing: false },
    { name: "a warning", line: "warning: unused variable", failing: false },
    { name: "a file name", line: "CC src/error.c", failing: false },
    { name: "a package name", line: "Unpacking liberror-perl (0.17029-2) ...", failing: false },
  ];
  for (const { name, line, failing } of rows)
    it(`G7: ${failing ? "finds" : "passes over"} what ${name} says`, () => {
      assert.equal(
        failingLines(`a\n${line}\nb`).some(({ isFailing }) => isFailing),
        failing,
      );
    });

  it("G7: gives two lines around each, once", () => {
    assert.equal(shown("1\n2\n3\nerror: x\n5\nerror: y\n7\n8\n9\n"), "  2 2\n  3 3\n> 4 error: x\n  5 5\n> 6 error: y\n  7 7\n  8 8");
  });

  it("G7: gives the end of a log in which nothing sounds like a failure", () => {
    const log = Array.from({ length: 30 }, (_, at) => `line ${at + 1}`).join("\n");
    assert.deepEqual(
      failingLines(log).map(({ line }) => line),
      [21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
    );
    assert.deepEqual(failingLines(""), []);
  });

  it("G7: finds the first error of a long log, and the last", () => {
    const log = Array.from({ length: 5000 }, (_, at) => (at % 10 === 0 ? `error: ${at}` : "x")).join("\n");
    const lines = failingLines(log, 0).map(({ text }) => text);
    assert.deepEqual([lines[0], lines.at(-1), lines.length], ["error: 0", "error: 4990", 30]);
  });
});
