import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPattern, matchesPattern } from "./image-pattern.ts";

describe("matchesPattern()", () => {
  const rows: readonly (readonly [pattern: string, image: string, want: boolean])[] = [
    ["gcr.io/distroless/*", "gcr.io/distroless/base-debian13", true],
    ["gcr.io/distroless/*", "gcr.io/distroless/base-debian13:nonroot", true],
    ["gcr.io/distroless/*", `gcr.io/distroless/base@sha256:${"0".repeat(64)}`, true],
    ["gcr.io/distroless/*", "gcr.io/distroless/a/b", false],
    ["gcr.io/distroless/*", "gcr.io.evil/distroless/a", false],
    ["gcr.io/**", "gcr.io/distroless/a/b", true],
    ["gcr.io/distroless/nodejs*:*debug*", "gcr.io/distroless/nodejs22:debug-nonroot", true],
    ["gcr.io/distroless/nodejs*:*debug*", "gcr.io/distroless/nodejs22:nonroot", false],
    ["gcrXio/distroless/*", "gcr.io/distroless/a", false],
    ["docker.io/library/node", "node:22", true],
  ];
  for (const [pattern, image, want] of rows)
    it(`${want ? "takes" : "leaves"} ${image} for ${pattern}`, () => {
      assert.equal(matchesPattern(pattern, image), want);
    });
  it("refuses what is no pattern", () => {
    assert.deepEqual(
      ["", "A", "a b", "(a)"].map((text) => checkPattern(text) === undefined),
      [false, false, false, false],
    );
  });
});
