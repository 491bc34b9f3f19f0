import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSelectionLines, readPathLines } from "./selection-lines.ts";

/** `count` lines with 64 random-looking digits each, as digests are. */
function linesOf(count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `files/${at}.txt\tfile 644 0:0 1 0: \t${(at * 2654435761).toString(16).padStart(64, "0")}`,
  );
}

describe("createSelectionLines()", () => {
  for (const [name, lines] of [
    ["no line", []],
    ["a line", ["a\tfile\tü"]],
    ["lines of several pieces", linesOf(150_000)],
    ["a line that is longer than a piece", [...linesOf(1000), "x".repeat(5_000_000), ...linesOf(1000)]],
  ] as const)
    it(`keeps ${name}`, async () => {
      const made = createSelectionLines();
      for (const line of lines) made.add(line);
      const kept = made.finish();
      assert.ok(kept !== undefined);
      const text = Buffer.from(await readPathLines(kept.compressed())).toString("utf8");
      assert.ok(text === lines.join("\n"));
    });
  it("has no list of more than 64 MiB", () => {
    const made = createSelectionLines();
    for (let at = 0; at < 70; at += 1) made.add("x".repeat(1024 * 1024));
    assert.equal(made.finish(), undefined);
  });
});
