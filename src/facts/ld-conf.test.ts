import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import { elfMachineOf } from "../elf/index.ts";
import { ldConf, ldConfFolders } from "./ld-conf.ts";

const machine = elfMachineOf({ os: "linux", architecture: "amd64" });
assert.ok(machine);

describe("ldConf()", () => {
  it("has the local directories first", () => {
    assert.ok(machine);
    assert.equal(ldConf(machine), "/usr/local/lib\n/usr/local/lib/x86_64-linux-gnu\ninclude /etc/ld.so.conf.d/*.conf\n");
  });
});

describe("ldConfFolders()", () => {
  const rows: readonly { name: string; tree: TreeSpec; text?: string; want: readonly string[] }[] = [
    { name: "gives nothing for a tree without the file", tree: {}, want: [] },
    {
      name: "has included directories where the line is, sorted by file",
      tree: {
        "etc/ld.so.conf": "file 644 0:0 /first\ninclude ld.so.conf.d/*.conf\n/last/\n",
        "etc/ld.so.conf.d/b.conf": "file 644 0:0 /b # of b\n",
        "etc/ld.so.conf.d/a.conf": "file 644 0:0 /a\t= libc6\nrelative\nhwcap 0 nosegneg\n",
        "etc/ld.so.conf.d/README": "file 644 0:0 /not/this\n",
      },
      want: ["/first", "/a", "/b", "/last"],
    },
    {
      name: "follows links to files and to their directory",
      tree: {
        "etc/ld.so.conf": "link ../usr/conf",
        "usr/conf": "file 644 0:0 include /etc/d/*.conf\n",
        "etc/d": "link /opt/d",
        "opt/d/x.conf": "link y",
        "opt/d/y": "file 644 0:0 /x\n",
      },
      want: ["/x"],
    },
    {
      name: "reads each file once, and none that is too large",
      tree: {
        "etc/ld.so.conf": "file 644 0:0 /a\ninclude *.conf ld.so.conf\n",
        "etc/big.conf": `file 644 0:0 ${"/b\n".repeat(100_000)}`,
        "etc/c.conf": "file 644 0:0 include *.conf\n/c\n",
      },
      want: ["/a", "/c"],
    },
    {
      name: "takes a text for the tree's own file",
      tree: { "etc/ld.so.conf": "file 644 0:0 /own\n", "etc/x.conf": "file 644 0:0 /x\n" },
      text: "/given\ninclude x.conf\n",
      want: ["/given", "/x"],
    },
  ];
  for (const { name, tree, text, want } of rows) it(name, async () => assert.deepEqual(await ldConfFolders(memoryTree(tree), text), want));

  it("is not slowed by a pattern of many stars", async () => {
    const name = `${"a".repeat(200)}.conf`;
    const tree = { "etc/ld.so.conf": `file 644 0:0 include ${"*a".repeat(100)}*b\n`, [`etc/${name}`]: "file 644 0:0 /x\n" };
    assert.deepEqual(await ldConfFolders(memoryTree(tree)), []);
  });
});
