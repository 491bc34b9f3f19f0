import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../test/support/property.ts";
import { matchesWildcards } from "./wildcards.ts";

const RULES = {
  repeats: (token: string): boolean => token === "*",
  takes: (token: string, char: string): boolean => token === "*" || token === char,
};

test("H4: matchesWildcards() says what an expression says", () => {
  const chars = fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 8 });
  fc.assert(
    fc.property(chars, chars, (tokens, items) => {
      const expression = new RegExp(`^${tokens.join("").replaceAll("*", ".*")}$`);
      assert.equal(matchesWildcards(tokens, items, RULES), expression.test(items.join("")));
    }),
  );
});

test("H4: matchesWildcards() ends with many stars", () => {
  assert.equal(matchesWildcards(Array.from("*a".repeat(40)), Array.from(`${"a".repeat(3000)}b`), RULES), false);
});
