import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { createSearch } from "./search.ts";

test("createSearch() agrees with Buffer.includes", () => {
  // Few letters, so that there is something to find.
  const letters = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> =>
    fc.array(fc.constantFrom(97, 98, 255), { minLength, maxLength }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(letters(2, 6), { maxLength: 8 }), letters(0, 40), (strings, bytes) => {
      assert.equal(
        createSearch(strings)(bytes),
        strings.findIndex((string) => bytes.includes(string)),
      );
    }),
    { numRuns: 2000 },
  );
});
