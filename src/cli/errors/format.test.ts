import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DecantError, InternalError } from "../../errors.ts";
import { createStyle, displayWidth } from "../style.ts";
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

const RUN = `[2/3] RUN set -eux;   ${"apt-get install this-and-that; ".repeat(10)}`;

for (const columns of [60, 80])
  test(`U3: formatError() fits the headline of a failed RUN to ${columns} columns, and keeps the reason whole`, () => {
    const headline = (message: string): string => {
      const lines = formatError(new DecantError("RUN_FAILED", message, { details: { step: RUN } }), plain, columns);
      assert.equal(lines.length, 1);
      return lines.join();
    };
    const short = headline(`${RUN} failed: exit code 127`);
    assert.match(short, /^ERROR: \[2\/3\] RUN set -eux; apt-get.*… failed: exit code 127$/);
    assert.equal(displayWidth(short), columns);
    const why = ': "/x.sh" has the line ends of Windows';
    assert.equal(headline(`${RUN} failed: exit code 127${why}`), short + why);
  });

for (const columns of [30, 60, 200])
  test(`U3: formatError() cuts excerpts and carets to ${columns} columns, around what is marked`, () => {
    const text = `RUN ${"x".repeat(90)} WRONG ${"y".repeat(90)} 漢字漢字漢字`;
    const at = text.indexOf("WRONG") + 1;
    const file = { name: "Dockerfile", text: `${"z".repeat(300)}\n${text}\n\tEND` };
    const range = { file, start: { line: 2, column: at }, end: { line: 2, column: at + 5 } };
    const lines = formatError(new DecantError("USAGE", "no", { source: [range] }), plain, columns);
    for (const line of lines) assert.ok(displayWidth(line) <= columns, line);
    const marked = lines.findIndex((line) => line.includes("^"));
    const caret = lines[marked]?.indexOf("^") ?? -1;
    assert.equal(lines[marked - 1]?.slice(caret, caret + 5), "WRONG");
    assert.match(lines[marked] ?? "", /^ +\| +\^{5}$/);
  });

test("formatError() lets no control character of a message through", () => {
  assert.equal(show(new DecantError("USAGE", 'Cannot use \u001b]0;title\u0007"x"')).includes("\u001b"), false);
});
