import assert from "node:assert/strict";
import { test } from "node:test";
import { createStyle, displayWidth, fit, safeLine, wrap } from "./style.ts";

test("safeLine() drops escapes, keeps what a carriage return leaves, and marks controls", () => {
  assert.deepEqual(["\u001b[31mred\u001b[0m", "10%\r20%", "text\r", "a\tb", "bell\u0007", "\u202eevil"].map(safeLine), [
    "red",
    "20%",
    "text",
    "a    b",
    "bell\ufffd",
    "\ufffdevil",
  ]);
});

test("fit() cuts by columns, not by characters", () => {
  assert.deepEqual(
    ["abcdef", "漢字漢字", "e\u0301abc", "ab"].map((text) => fit(text, 4)),
    ["abc…", "漢…", "e\u0301abc", "ab"],
  );
  assert.equal(displayWidth("漢字"), 4);
});

test("wrap() breaks at blanks, indents what follows, and cuts what cannot be broken", () => {
  assert.deepEqual(wrap(" - one two three", 9), [" - one", "   two", "   three"]);
  assert.deepEqual(wrap("   short", 20), ["   short"]);
  assert.deepEqual(wrap("a toolongforone b", 8), ["a", "   tool…", "   b"]);
  assert.deepEqual(wrap("", 8), [""]);
});

test("createStyle() gives plain text when colours are off", () => {
  assert.equal(createStyle(false).red("a"), "a");
  assert.equal(createStyle(true).red("a"), "\u001b[31ma\u001b[39m");
});
