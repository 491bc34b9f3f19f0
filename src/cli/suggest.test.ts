import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./suggest.ts";

test("closest() finds what was meant, and nothing for a word far from all", () => {
  const words = ["build", "images", "inspect", "prune", "push", "pull"];
  assert.deepEqual(
    ["biuld", "image", "inspct", "pusj", "xyzzy", "b"].map((word) => closest(word, words)),
    ["build", "images", "inspect", "push", undefined, undefined],
  );
});
