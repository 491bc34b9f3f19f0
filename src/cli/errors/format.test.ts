import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DecantError, InternalError } from "../../errors.ts";
import { createStyle } from "../style.ts";
import { formatError } from "./format.ts";

const FILE = { name: "Dockerfile", text: "FROM node:18\nRUN npm ci\nCMD x" };
const plain = createStyle(false);
const show = (error: unknown): string => `${formatError(error, plain).join("\n")}\n`;

test("formatError() draws message, excerpt, log and hint, each once", (context) => {
  const error = new DecantError("RUN_FAILED", 'Cannot run "npm ci": it ended with exit code 1', {
    source: [{ file: FILE, start: { line: 2, column: 1 }, end: { line: 2, column: 11 } }],
    details: { logFile: "/var/lib/decant/logs/1/2.log", logTail: "npm ERR! one\nnpm ERR! \u001b[2Jtwo\n" },
    hint: "Run it by hand",
    cause: new Error("exit code 1"),
  });
  context.assert.fileSnapshot(show(error), join(import.meta.dirname, "../testdata/error-run.txt"), {
    serializers: [(value: unknown) => String(value)],
  });
});

test("formatError() shows a cause that the message does not quote, once", () => {
  const cause = new Error("connection reset", { cause: new Error("ECONNRESET") });
  assert.equal(
    show(new DecantError("REGISTRY", "Cannot pull", { cause })),
    "ERROR: Cannot pull\n  cause: connection reset\n  cause: ECONNRESET\n",
  );
  assert.equal(
    show(new DecantError("REGISTRY", "Cannot pull: connection reset", { cause: new Error("connection reset") })),
    "ERROR: Cannot pull: connection reset\n",
  );
});

test("formatError() shows both errors when cleaning up failed too", () => {
  const error = new SuppressedError(
    new DecantError("STORE", "Cannot close the store"),
    new DecantError("CONTEXT", "Cannot read the context"),
  );
  assert.equal(show(error), "ERROR: Cannot read the context\n\nWhile cleaning up, this happened as well:\nERROR: Cannot close the store\n");
});

for (const error of [new InternalError("odd"), new TypeError("x is not a function"), "a thrown string"]) {
  test(`formatError() calls ${String(error)} a bug`, () => {
    const text = show(error);
    assert.match(text, /^ERROR: This is a bug in Decant\n/);
    assert.match(text, /odd|x is not a function|a thrown string/);
  });
}

test("formatError() lets no control character of a message through", () => {
  assert.equal(show(new DecantError("USAGE", 'Cannot use \u001b]0;title\u0007"x"')).includes("\u001b"), false);
});
