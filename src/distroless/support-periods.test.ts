import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endedSupport, firstEnd } from "./support-periods.ts";

const support = [
  { of: "Debian 12", until: "2028-06-30" },
  { of: "Node.js 18", until: "2025-04-30" },
];

describe("endedSupport()", () => {
  for (const [now, want] of [
    ["2025-04-30T23:00:00Z", ""],
    ["2025-05-01T00:00:00Z", "Node.js 18"],
    ["2030-01-01T00:00:00Z", "Debian 12, Node.js 18"],
  ] as const)
    it(`A8: says at ${now} what has ended: ${want === "" ? "nothing" : want}`, () => {
      assert.equal(
        endedSupport({ support }, new Date(now))
          .map((one) => one.of)
          .join(", "),
        want,
      );
    });
  it("tells what ends first", () => {
    assert.deepEqual([firstEnd({ support })?.of, firstEnd({})], ["Node.js 18", undefined]);
  });
});
