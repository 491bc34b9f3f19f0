import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isDecantError } from "./errors.ts";
import { machineError } from "./machine-error.ts";

const systemError = (errno: number, more: object = {}): Error =>
  Object.assign(new Error("x"), { errno, syscall: "unlink", path: "/a", ...more });

/** What recursive rmSync throws on a failing disk. */
const UNNAMED = Object.assign(systemError(-4094, { syscall: "rm" }), { message: ", Unknown error: Input/output error '/a'" });

test("H3: machineError() says what a machine refuses, and leaves the rest alone", () => {
  const told = (error: unknown): string => {
    const found = machineError(error);
    return isDecantError(found) ? `${found.code} ${found.message}` : found === error ? "as it was" : "another error";
  };
  assert.deepEqual(
    [
      systemError(-5),
      systemError(-28, { path: undefined }),
      systemError(-24, { syscall: undefined }),
      systemError(-22),
      systemError(-38, { syscall: "symlink" }),
      systemError(-95, { syscall: "chmod" }),
      systemError(-1, { syscall: "link" }),
      systemError(-1),
      new Error("x"),
      undefined,
      new Error("Worker initialization failure: EMFILE"),
      UNNAMED,
      new Error("Cannot read package config /a/package.json: too many open files."),
      new Error("Cannot read package config /a/package.json: it has no name."),
    ].map(told),
    [
      'SYSCALL Cannot unlink "/a": i/o error (EIO)',
      "SYSCALL Cannot unlink: no space left on device (ENOSPC)",
      'SYSCALL Cannot use a file "/a": too many open files (EMFILE)',
      "as it was",
      'SYSCALL Cannot symlink "/a": function not implemented (ENOSYS)',
      'SYSCALL Cannot chmod "/a": operation not supported on socket (ENOTSUP)',
      'SYSCALL Cannot link "/a": operation not permitted (EPERM)',
      "as it was",
      "as it was",
      "as it was",
      "SYSCALL Cannot use a file: a thread cannot start (EMFILE)",
      'SYSCALL Cannot rm "/a": input/output error',
      "SYSCALL Cannot use a file: a package cannot be loaded: too many open files (EMFILE)",
      "as it was",
    ],
  );
  assert.throws(
    () => readFileSync("/absent"),
    (error) => machineError(error) === error,
  );
  const both = machineError(new SuppressedError(systemError(-5), new Error("first")));
  assert.ok(both instanceof SuppressedError && isDecantError(both.error, "SYSCALL"));
});
