import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pathLines } from "../testdata/path-lines.ts";
import { readPathLines } from "./selection-lines.ts";

/** `count` lines with 64 digits each that differ, as digests do. */
function linesOf(count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `files/${at}.txt\tfile 644 0:0 1 0: \t${(at * 2654435761).toString(16).padStart(64, "0")}`,
  );
}

describe("createSelectionLines()", () => {
  for (const [name, lines] of [
    ["no line", []],
    ["a line", ["a\tfile\tsha256:1"]],
    ["lines of several pieces", linesOf(60_000)],
    ["a line that is longer than a piece", [...linesOf(1000), `a\t${"x".repeat(5_000_000)}\t`, ...linesOf(1000)]],
  ] as const)
    it(`keeps ${name}`, async () => {
      const kept = pathLines(...lines);
      assert.ok(kept !== undefined);
      const text = Buffer.from(await readPathLines(kept.compressed())).toString("utf8");
      assert.ok(text === lines.join("\n"));
    });
  it("has no list of more than 64 MiB", () => {
    const long = `a\t${"x".repeat(1024 * 1024)}\t`;
    assert.equal(pathLines(...Array.from({ length: 70 }, () => long)), undefined);
  });
});
