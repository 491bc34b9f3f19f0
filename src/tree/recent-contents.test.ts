import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { treePath } from "../paths.ts";
import { createRecentContents } from "./recent-contents.ts";

const A = treePath("a");
const [ONE, TWO] = [Buffer.from("one"), Buffer.from("two")];

describe("createRecentContents()", () => {
  it("gives a content once", () => {
    const recent = createRecentContents();
    recent.keep(A, ONE, sha256(ONE));
    assert.equal(recent.take(A, sha256(ONE))?.toString(), "one");
    assert.equal(recent.take(A, sha256(ONE)), undefined);
  });
  it("gives nothing for a file that was hashed as another one", () => {
    const recent = createRecentContents();
    recent.keep(A, ONE, sha256(ONE));
    recent.keep(A, TWO, sha256(TWO));
    assert.equal(recent.take(A, sha256(ONE)), undefined);
  });
  it("gives the content that was kept last", () => {
    const recent = createRecentContents();
    recent.keep(A, ONE, sha256(ONE));
    recent.keep(A, TWO, sha256(TWO));
    assert.equal(recent.take(A, sha256(TWO))?.toString(), "two");
  });
  it("keeps no large files, and no more than its bound", () => {
    const recent = createRecentContents();
    const large = Buffer.alloc(40_000);
    recent.keep(A, large, sha256(large));
    assert.equal(recent.take(A, sha256(large)), undefined);
    const bytes = Buffer.alloc(32_000);
    const digest = sha256(bytes);
    const paths = Array.from({ length: 2000 }, (_, at) => treePath(`f${at}`));
    for (const path of paths) recent.keep(path, bytes, digest);
    const kept = paths.filter((path) => recent.take(path, digest) !== undefined).length;
    assert.ok(kept > 1000 && kept < 1600, String(kept));
  });
});
