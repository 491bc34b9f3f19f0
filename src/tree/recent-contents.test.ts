import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { createRecentContents } from "./recent-contents.ts";

const [ONE, TWO] = [Buffer.from("one"), Buffer.from("two")];

describe("createRecentContents()", () => {
  it("gives a content once", () => {
    const recent = createRecentContents();
    recent.keep(ONE, sha256(ONE));
    assert.equal(recent.take(sha256(ONE))?.toString(), "one");
    assert.equal(recent.take(sha256(ONE)), undefined);
  });
  it("gives a content of two files twice, and again when it was kept again", () => {
    const recent = createRecentContents();
    const taken = (): string | undefined => recent.take(sha256(ONE))?.toString();
    for (const bytes of [ONE, TWO, ONE]) recent.keep(bytes, sha256(bytes));
    assert.deepEqual([taken(), taken(), taken()], ["one", "one", undefined]);
    recent.keep(ONE, sha256(ONE));
    assert.deepEqual([taken(), taken()], ["one", undefined]);
  });
  it("copies what it keeps", () => {
    const recent = createRecentContents();
    const bytes = Buffer.from("one");
    recent.keep(bytes, sha256(ONE));
    bytes.write("???");
    assert.equal(recent.take(sha256(ONE))?.toString(), "one");
  });
  it("X7: starts anew when all of many contents were taken", () => {
    const recent = createRecentContents();
    const contents = Array.from({ length: 25_000 }, (_, number) => Buffer.from(String(number)));
    const digests = contents.map((bytes) => sha256(bytes));
    for (let round = 0; round < 2; round += 1) {
      for (const [index, bytes] of contents.entries()) recent.keep(bytes, digests[index] ?? sha256(bytes));
      for (const [index, digest] of digests.entries()) assert.equal(recent.take(digest)?.toString(), String(index));
      for (const digest of digests) assert.equal(recent.take(digest), undefined);
    }
  });
  it("X7: finds what is left when much before it was taken, in any order", () => {
    const recent = createRecentContents();
    const digestOf = (number: number): ReturnType<typeof sha256> => sha256(String(number));
    const wanted = new Set<number>();
    for (let number = 0; number < 200_000; number += 1) {
      recent.keep(Buffer.from(String(number)), digestOf(number));
      wanted.add(number);
      const taken = number % 3 === 0 ? number : number - 30_000;
      if (taken < 0 || !wanted.delete(taken)) continue;
      assert.equal(recent.take(digestOf(taken))?.toString(), String(taken));
    }
    for (const number of wanted) assert.equal(recent.take(digestOf(number))?.toString(), String(number));
    for (const number of wanted) assert.equal(recent.take(digestOf(number)), undefined);
  });
  it("keeps no large files, and no more than its bound; what was taken makes room", () => {
    const recent = createRecentContents();
    const large = Buffer.alloc(40_000);
    recent.keep(large, sha256(large));
    assert.equal(recent.take(sha256(large)), undefined);
    const contents = Array.from({ length: 2000 }, (_, number) => {
      const bytes = Buffer.alloc(32_000);
      bytes.writeUInt32LE(number);
      return { bytes, digest: sha256(bytes) };
    });
    const kept = (): number => {
      for (const { bytes, digest } of contents) recent.keep(bytes, digest);
      return contents.filter(({ digest, bytes }) => recent.take(digest)?.equals(bytes) === true).length;
    };
    const first = kept();
    assert.ok(first > 1000 && first < 1600, String(first));
    // The chunk that was being filled has less room than at first.
    assert.ok(kept() >= first - 40);
  });
});
