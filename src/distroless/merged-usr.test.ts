import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { treePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { directoryEntry, textItem } from "./layer-items.ts";
import { hasMergedUsr, mergedPath, mergeItems, usrLinks } from "./merged-usr.ts";

const item = (kind: "dir" | "symlink" | "hardlink", path: string, link?: string): LayerItem => ({
  entry: { ...directoryEntry(treePath(path)), kind, ...given({ link }) },
});
const show = (items: readonly LayerItem[]): string[] =>
  items.map(({ entry }) => `${entry.kind} ${entry.path}${entry.link === undefined ? "" : ` → ${entry.link}`}`);

describe("mergeItems()", () => {
  const rows: readonly { readonly name: string; readonly items: readonly LayerItem[]; readonly want: readonly string[] }[] = [
    {
      name: "moves files and directories of the top level into /usr, once",
      items: [item("dir", "lib"), textItem("/lib/x/a", "1"), item("dir", "usr/lib"), item("dir", "lib/x"), textItem("/library", "2")],
      want: ["dir usr/lib", "file usr/lib/x/a", "dir usr/lib/x", "file library"],
    },
    {
      name: "leaves the links of base-files to the base",
      items: [item("symlink", "bin", "usr/bin"), item("symlink", "lib64", "/usr/lib64")],
      want: [],
    },
    {
      name: "lets relative links lead where they did",
      items: [
        item("symlink", "bin/near", "other"),
        item("symlink", "bin/up", "../usr/bin/tool"),
        item("symlink", "lib64/ld.so", "../lib/x/ld.so"),
        item("symlink", "sbin/etc", "../etc/x"),
        item("symlink", "lib/abs", "/lib/y"),
      ],
      want: [
        "symlink usr/bin/near → other",
        "symlink usr/bin/up → /usr/bin/tool",
        "symlink usr/lib64/ld.so → ../lib/x/ld.so",
        "symlink usr/sbin/etc → /etc/x",
        "symlink usr/lib/abs → /lib/y",
      ],
    },
    {
      name: "takes hard links along",
      items: [textItem("/bin/a", "1"), item("hardlink", "usr/bin/b", "bin/a")],
      want: ["file usr/bin/a", "hardlink usr/bin/b → usr/bin/a"],
    },
    {
      name: "drops links that only bridge the two places",
      items: [
        textItem("/usr/bin/a", "1"),
        item("symlink", "bin/a", "/usr/bin/a"),
        item("symlink", "usr/lib/b", "/lib/b"),
        textItem("/lib/b", "2"),
      ],
      want: ["file usr/bin/a", "file usr/lib/b"],
    },
  ];
  for (const { name, items, want } of rows) it(name, () => assert.deepEqual(show(mergeItems("r", "p", items)), want));

  for (const [name, items] of [
    ["two files for one path", [textItem("/bin/a", "1"), textItem("/usr/bin/a", "2")]],
    ["a link of the top level that leads elsewhere", [item("symlink", "lib", "opt/lib")]],
    ["a file where the link should be", [textItem("/bin", "1")]],
  ] as const)
    it(`refuses ${name}`, () => {
      assert.throws(
        () => mergeItems("r", "p", items),
        (error) => isDecantError(error, "RECIPE"),
      );
    });
});

describe("usrLinks()", () => {
  it("has the links that every base has, and those that are needed", () => {
    assert.deepEqual(show(usrLinks((path) => path === "usr/lib64")), [
      "symlink bin → usr/bin",
      "symlink sbin → usr/sbin",
      "symlink lib → usr/lib",
      "symlink lib64 → usr/lib64",
    ]);
  });
});

describe("hasMergedUsr()", () => {
  it("is true from Debian 13 on", () => {
    assert.deepEqual([hasMergedUsr("bookworm"), hasMergedUsr("trixie"), hasMergedUsr("sid")], [false, true, true]);
  });
});

describe("mergedPath()", () => {
  it("moves paths below the directories of the top level only", () => {
    assert.deepEqual(
      ["bin/sh", "lib", "usr/bin/sh", "binary", "etc/bin"].map((path) => mergedPath(treePath(path))),
      ["usr/bin/sh", "usr/lib", "usr/bin/sh", "binary", "etc/bin"],
    );
  });
});
