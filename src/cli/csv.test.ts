import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { parseCsvLine } from "./csv.ts";

const ROWS: readonly (readonly [string, readonly string[]])[] = [
  ["a=1,b=2", ["a=1", "b=2"]],
  ['type=oci,"name=a,b"', ["type=oci", "name=a,b"]],
  ['"say ""hi"""', ['say "hi"']],
  ["", [""]],
  ["a,", ["a", ""]],
  ['"a",', ["a", ""]],
];
for (const [text, want] of ROWS)
  test(`parseCsvLine() reads ${text || "an empty line"}`, () => assert.deepEqual(parseCsvLine(text, "-o"), want));

for (const text of ['"a', 'a"b', '"a"b']) {
  test(`parseCsvLine() refuses ${text}`, () => assert.throws(() => parseCsvLine(text, "-o"), { code: "USAGE" }));
}

test("parseCsvLine() reads back what is quoted", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
      const line = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",");
      assert.deepEqual(parseCsvLine(line, "-o"), fields);
    }),
  );
});
