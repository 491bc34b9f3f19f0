import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { personOf } from "./person.ts";

const ROWS: readonly (readonly [text: string, want: string])[] = [
  ["A B <a@example.org>", '{"name":"A B","mail":"a@example.org"}'],
  ['"A, B" <a@example.org>', '{"name":"A, B","mail":"a@example.org"}'],
  ["Team", '{"name":"Team"}'],
  ["A <two words>", '{"name":"A"}'],
  ["A <a@example.org>, B <b@example.org>", '{"name":"A","mail":"a@example.org"}'],
  ["A <open", '{"name":"A"}'],
  ["A\nB", '{"name":"A"}'],
  ["<a@example.org>", "undefined"],
  ["", "undefined"],
  [`A${" ".repeat(1_000_000)}!`, '{"name":"A"}'],
];

describe("personOf()", () => {
  for (const [text, want] of ROWS) {
    it(`gives ${want} for ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(JSON.stringify(personOf(text)) ?? "undefined", want));
  }
});
