import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { treePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { directoryEntry, textItem } from "./layer-items.ts";
import { isCopyright, takenItems } from "./slices.ts";

const dir = (path: string): LayerItem => ({ entry: directoryEntry(treePath(path)) });
const link = (path: string, target: string): LayerItem => ({ entry: { ...directoryEntry(treePath(path)), kind: "symlink", link: target } });
const hard = (path: string, target: string): LayerItem => ({
  entry: { ...directoryEntry(treePath(path)), kind: "hardlink", link: treePath(target) },
});
const items: readonly LayerItem[] = [
  dir("/usr"),
  dir("/usr/lib"),
  textItem("/usr/lib/a.so", "a"),
  hard("/usr/lib/b.so", "/usr/lib/a.so"),
  hard("/usr/lib/c.so", "/usr/lib/a.so"),
  dir("/usr/share"),
  dir("/usr/share/doc"),
  dir("/usr/share/doc/pkg"),
  textItem("/usr/share/doc/pkg/copyright", "free"),
  textItem("/usr/share/doc/pkg/changelog.gz", "long"),
  link("/usr/share/doc/other", "pkg"),
  dir("/usr/share/man"),
  dir("/usr/share/man/man1"),
  textItem("/usr/share/man/man1/a.1.gz", "a"),
  dir("/var"),
  dir("/var/empty"),
];
const docs = { drop: ["/usr/share/doc/*/**", "/usr/share/man/**"] };

describe("takenItems()", () => {
  const rows = [
    { name: "takes all without parts and slices", recipe: { parts: [], slices: [] }, want: items.map(({ entry }) => entry.path).join(" ") },
    {
      name: "leaves out what a slice drops, with directories that lose everything, but no copyright",
      recipe: { parts: [], slices: [docs] },
      want: "usr usr/lib usr/share usr/share/doc usr/share/doc/pkg var var/empty usr/lib/a.so usr/lib/b.so usr/lib/c.so usr/share/doc/pkg/copyright usr/share/doc/other",
    },
    {
      name: "keeps what the same slice, or a later one, keeps",
      recipe: {
        parts: [],
        slices: [
          { drop: ["/usr/**"], keep: ["/usr/lib/a.so"] },
          { package: "pkg", drop: ["/var/empty"], keep: ["/usr/share/man/man1/*"] },
        ],
      },
      want: "usr usr/lib usr/share usr/share/doc usr/share/doc/pkg usr/share/man usr/share/man/man1 var usr/lib/a.so usr/share/doc/pkg/copyright usr/share/doc/other usr/share/man/man1/a.1.gz",
    },
    {
      name: "drops what a later slice drops again",
      recipe: {
        parts: [],
        slices: [{ drop: [], keep: ["/usr/**"] }, { drop: ["/usr/**", "/var/**"] }, { package: "another", drop: [], keep: ["/usr/**"] }],
      },
      want: "usr usr/share usr/share/doc usr/share/doc/pkg usr/share/doc/pkg/copyright usr/share/doc/other",
    },
    {
      name: "takes the paths of a part and the copyright only",
      recipe: { parts: [{ package: "pkg", keep: ["/usr/lib/[bc].so", "/usr/lib/a.*"] }], slices: [] },
      want: "usr usr/lib usr/share usr/share/doc usr/share/doc/pkg usr/lib/a.so usr/share/doc/pkg/copyright usr/share/doc/other",
    },
  ];
  for (const { name, recipe, want } of rows)
    it(name, () => {
      const taken = takenItems("pkg", items, recipe).map(({ entry }) => entry.path);
      assert.deepEqual(taken.toSorted(), want.split(" ").toSorted());
    });
  it("gives the bytes to the next name of a file whose first name goes", () => {
    const taken = takenItems("pkg", items, { parts: [{ package: "pkg", keep: ["/usr/lib/b.so", "/usr/lib/c.so"] }], slices: [] });
    const names = taken.filter(({ entry }) => entry.path.endsWith(".so"));
    assert.deepEqual(
      names.map(({ entry, data }) => [entry.path, entry.kind, entry.link, data?.kind]),
      [
        ["usr/lib/b.so", "file", undefined, "bytes"],
        ["usr/lib/c.so", "hardlink", "usr/lib/b.so", undefined],
      ],
    );
  });
});

describe("isCopyright()", () => {
  for (const [path, want] of [
    ["usr/share/doc/a/copyright", true],
    ["usr/share/doc/a", true],
    ["usr/share/doc/a/b/copyright", false],
    ["usr/share/doc/a/README", false],
  ] as const)
    it(`is ${want} for ${path}`, () => assert.equal(isCopyright(treePath(path)), want));
});
