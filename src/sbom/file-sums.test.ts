import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { type Digest, sha256 } from "../digest.ts";
import { treePath } from "../paths.ts";
import type { Tree } from "../tree/index.ts";
import { fileSums } from "./file-sums.ts";
import type { InventoryPackage } from "./types.ts";

const draft = memoryTree({ a: "file 644 0:0 one", b: "file 644 0:0 one", c: "file 644 0:0 two", link: "link a" });
const packages: readonly InventoryPackage[] = [
  {
    kind: "deb",
    name: "x",
    version: "1",
    purl: "pkg:deb/debian/x@1",
    licences: [],
    files: ["a", "b", "c", "link"].map((path) => treePath(path)),
    location: treePath("status"),
    requires: [],
    provides: [],
  },
];

/** A tree that counts what is read; of images (`indexed`) it knows the digests. */
function counting(indexed: boolean): { readonly tree: Tree; readonly reads: string[] } {
  const reads: string[] = [];
  const digestOf = (path: string): Digest => sha256(path === "c" ? "two" : "one");
  const tree: Tree = {
    ...draft,
    lookup(path) {
      const entry = draft.lookup(path);
      return entry === undefined || !indexed || entry.kind !== "file" ? entry : { ...entry, digest: digestOf(path) };
    },
    digest: (entry) => digestOf(entry.path),
    data(entry) {
      reads.push(entry.path);
      return draft.data(entry);
    },
  };
  return { tree, reads };
}

const hex = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest("hex");

it("fileSums() gives SHA-256 of regular files, and reads nothing of an image for it", async () => {
  const { tree, reads } = counting(true);
  const sums = await fileSums(tree, packages);
  assert.deepEqual(
    [...sums],
    [
      ["a", { sha256: hex("sha256", "one") }],
      ["b", { sha256: hex("sha256", "one") }],
      ["c", { sha256: hex("sha256", "two") }],
    ],
  );
  assert.deepEqual(reads, []);
});

it("fileSums() with sha1 reads each content of an image once, and each file of a folder once", async () => {
  for (const [indexed, want] of [
    [true, ["a", "c"]],
    [false, ["a", "b", "c"]],
  ] as const) {
    const { tree, reads } = counting(indexed);
    const sums = await fileSums(tree, packages, { sha1: true });
    assert.deepEqual(sums.get(treePath("b")), { sha256: hex("sha256", "one"), sha1: hex("sha1", "one") });
    assert.deepEqual(reads, want);
  }
});
