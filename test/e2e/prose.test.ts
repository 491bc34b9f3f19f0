/** How `npm run check:docs` measures prose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, countWords, sentencesOf } from "../../scripts/prose.ts";

const rows: readonly { readonly name: string; readonly markdown: string; readonly want: readonly string[] }[] = [
  { name: "sentences", markdown: "One two. Three four: five; six.\nSeven?", want: ["One two.", "Three four: five; six.", "Seven?"] },
  { name: "code and links as one word", markdown: "Run `a b c` as [the guide](x.md) says.", want: ["Run CODE as LINK says."] },
  {
    name: "items, also of ordered lists",
    markdown: "- one\n  two\n- three\n\n1. four\n2. five",
    want: ["one two", "three", "four", "five"],
  },
  { name: "cells", markdown: "| a | b c |\n|---|---|\n| `x | y` | d |", want: ["a", "b c", "---", "---", "CODE", "d"] },
  { name: "headings", markdown: "# A title\nText.", want: ["A title", "Text."] },
  {
    name: "no code and no comments",
    markdown: "Before.\n```sh\nfour words of code\n```\n<!-- words -->\nAfter.",
    want: ["Before.", "After."],
  },
  { name: "abbreviations without a break", markdown: "Take a path, e.g. /tmp, and go.", want: ["Take a path, e.g. /tmp, and go."] },
];

for (const { name, markdown, want } of rows)
  test(`D: blocksOf() and sentencesOf() find ${name}`, () => {
    const found = blocksOf(markdown).flatMap(sentencesOf);
    assert.deepEqual(
      found.map((sentence) => sentence.trim()).filter((sentence) => sentence !== ""),
      want,
    );
  });

test("D: countWords() counts no signs", () => {
  assert.equal(countWords("a → b — c (d) 5 …"), 5);
});
