import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { formatSortedLines, openSortedLines } from "./sorted-lines.ts";

describe("openSortedLines()", () => {
  it("finds every value of every key, and nothing for other keys", () => {
    const text = fc.stringMatching(/^[ -~\u00a1-\u00ff]{0,6}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 40 }), text, (lines, other) => {
        const table = openSortedLines(formatSortedLines(lines));
        for (const key of [...lines.map(([one]) => one), other])
          assert.deepEqual(
            table.get(key),
            lines.filter(([one]) => one === key).map(([, value]) => value),
          );
      }),
    );
  });
  it("keeps lines apart whatever is in them", () => {
    const table = openSortedLines(formatSortedLines([["a\tb", "1\n2"]]));
    assert.deepEqual([table.get("a b"), table.get("2")], [["1 2"], []]);
  });
});
