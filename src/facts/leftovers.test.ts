import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { treePath } from "../paths.ts";
import { pathFiles } from "./image-paths.ts";
import { isCache, isGitRepository, outermostFolder } from "./leftovers.ts";

describe("isCache()", () => {
  const rows: readonly (readonly [path: string, want: boolean])[] = [
    ["root/.npm", true],
    [".npm", true],
    ["root/.npm/_cacache", false],
    ["home/a/.cache/pip", true],
    ["home/a/.cache", false],
    ["home/a/x.cache/pip", false],
    ["app/node_modules/.cache", true],
    ["var/lib/apt/lists", true],
    ["chroot/var/lib/apt/lists", false],
    ["app/cache", false],
  ];
  for (const [path, want] of rows) it(`is ${want} for ${path}`, () => assert.equal(isCache(treePath(path)), want));
});

describe("outermostFolder()", () => {
  it("finds the outermost directory of a kind for each file of a walk", () => {
    const find = outermostFolder(isCache);
    const paths = ["a", "app/.turbo/x", "app/.turbo/y/.npm/z", "app/x", "root/.npm/_cacache/a", "root/.npm/_cacache/b"].map(treePath);
    assert.deepEqual(paths.map(find), [undefined, "app/.turbo", "app/.turbo", undefined, "root/.npm", "root/.npm"]);
  });
});

describe("isGitRepository()", () => {
  it("wants a HEAD", () => {
    const files = pathFiles(memoryTree({ "a/.git/HEAD": "file 644 0:0 x", "b/.git/x": "file 644 0:0 x", "c/HEAD": "file 644 0:0 x" }));
    assert.deepEqual(
      ["a/.git", "b/.git", "c"].map((path) => isGitRepository(treePath(path), files)),
      [true, false, false],
    );
  });
});
