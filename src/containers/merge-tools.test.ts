import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import { missingTools } from "./merge-tools.ts";

const signal = new AbortController().signal;

const rows: readonly { readonly name: string; readonly image: TreeSpec; readonly tools: TreeSpec; readonly want: readonly string[] }[] = [
  {
    name: "adds what the image lacks, with the directories above as the image has them",
    image: { tmp: "dir 1777 0:0", "tmp/own": "file 644 0:0 a" },
    tools: { tmp: "dir 755 0:0", "tmp/tool": "file 755 0:0 b", "bin/sh": "link busybox" },
    want: ["dir bin 755", "symlink bin/sh 777", "dir tmp 1777", "file tmp/tool 755"],
  },
  {
    name: "replaces nothing",
    image: { "etc/passwd": "file 644 0:0 mine", lib: "file 644 0:0 odd" },
    tools: { "etc/passwd": "file 600 0:0 other", "lib/a": "file 644 0:0 b" },
    want: [],
  },
  {
    name: "follows the image's links to directories",
    image: { bin: "link usr/bin", "usr/bin/app": "file 755 0:0 a" },
    tools: { "bin/sh": "file 755 0:0 b", "bin/app": "file 755 0:0 other" },
    want: ["dir usr 755", "dir usr/bin 755", "file usr/bin/sh 755"],
  },
  {
    name: "fills the image's directories where the tools have links",
    image: { "lib64/own": "file 644 0:0 a" },
    tools: { lib64: "link usr/lib64", "usr/lib64/ld.so": "file 755 0:0 b" },
    want: ["dir lib64 755", "file lib64/ld.so 755", "dir usr 755", "dir usr/lib64 755", "file usr/lib64/ld.so 755"],
  },
  {
    name: "ends where links go in circles, and stays below the root",
    image: { "loop/loop/own": "file 644 0:0 a", up: "link ../../.." },
    tools: { loop: "link .", "up/t": "file 644 0:0 b" },
    want: ["dir loop 755", "dir loop/loop 755", "symlink loop/loop/loop 777", "dir loop/loop/up 755", "file loop/loop/up/t 644"].concat([
      "dir loop/up 755",
      "file loop/up/t 644",
      "file t 644",
    ]),
  },
];

describe("F7: missingTools()", () => {
  for (const { name, image, tools, want } of rows)
    it(name, async () => {
      const items = await missingTools(memoryTree(image), memoryTree(tools), signal);
      assert.deepEqual(
        items.map(({ entry }) => `${entry.kind} ${entry.path} ${entry.mode.toString(8)}`),
        want,
      );
    });
});
