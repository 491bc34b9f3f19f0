import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../paths.ts";
import { createRecentContents } from "./recent-contents.ts";

const A = treePath("a");

describe("createRecentContents()", () => {
  it("gives a content once", () => {
    const recent = createRecentContents();
    recent.keep(A, Buffer.from("abc"));
    assert.equal(recent.take(A, 3)?.toString(), "abc");
    assert.equal(recent.take(A, 3), undefined);
  });
  it("gives nothing for a file that has another size by now", () => {
    const recent = createRecentContents();
    recent.keep(A, Buffer.from("abc"));
    assert.equal(recent.take(A, 4), undefined);
  });
  it("keeps no large files, and no more than its bound", () => {
    const recent = createRecentContents();
    recent.keep(A, Buffer.alloc(40_000));
    assert.equal(recent.take(A, 40_000), undefined);
    const bytes = Buffer.alloc(32_000);
    const paths = Array.from({ length: 2000 }, (_, at) => treePath(`f${at}`));
    for (const path of paths) recent.keep(path, bytes);
    const kept = paths.filter((path) => recent.take(path, bytes.byteLength) !== undefined).length;
    assert.ok(kept > 1000 && kept < 1600, String(kept));
  });
});
