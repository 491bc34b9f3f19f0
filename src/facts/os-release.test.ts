import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import { formatOsRelease, type OsRelease, parseOsRelease, readOsRelease } from "./os-release.ts";
import { smallFiles } from "./small-file.ts";

describe("readOsRelease()", () => {
  const rows: readonly { name: string; tree: TreeSpec; want: OsRelease | undefined }[] = [
    { name: "gives nothing for a tree without the file", tree: {}, want: undefined },
    {
      name: "follows the link of /etc",
      tree: { "etc/os-release": "link ../usr/lib/os-release", "usr/lib/os-release": "file 644 0:0 ID=debian\nVERSION_CODENAME=sid\n" },
      want: { id: "debian", codename: "sid" },
    },
    {
      name: "prefers the file of /etc",
      tree: { "etc/os-release": "file 644 0:0 ID=a\nPRETTY_NAME='A \\n'", "usr/lib/os-release": "file 644 0:0 ID=b" },
      want: { id: "a", prettyName: "A \\n" },
    },
    {
      name: "takes the other file where one has no ID, or is too large",
      tree: { "etc/os-release": `file 644 0:0 ID=a\n${"#".repeat(70_000)}`, "usr/lib/os-release": 'file 644 0:0 ID="b"\nVERSION_ID="1"' },
      want: { id: "b", versionId: "1" },
    },
    { name: "gives nothing without an ID", tree: { "etc/os-release": "file 644 0:0 PRETTY_NAME=x" }, want: undefined },
  ];
  for (const { name, tree, want } of rows) it(name, async () => assert.deepEqual(await readOsRelease(smallFiles(memoryTree(tree))), want));
});

describe("formatOsRelease()", () => {
  it("writes what parseOsRelease() reads", () => {
    const name = 'Mine "$HOME" `x` \\ 1';
    const text = formatOsRelease([
      ["ID", "mine"],
      ["PRETTY_NAME", name],
    ]);
    assert.equal(text, 'ID="mine"\nPRETTY_NAME="Mine \\"\\$HOME\\" \\`x\\` \\\\ 1"\n');
    assert.deepEqual(parseOsRelease(text), { id: "mine", prettyName: name });
  });
});
