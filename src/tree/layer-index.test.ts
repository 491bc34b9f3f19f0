import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { compareTreePaths } from "../paths.ts";
import type { BuiltIndex } from "./index-builder.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { decodeIndex } from "./layer-index.ts";
import { entry, failsWith } from "./testdata/support.ts";
import { indexDump } from "./testdata/tree-dump.ts";
import type { Entry } from "./types.ts";

function build(...entries: readonly Entry[]): BuiltIndex {
  const builder = createIndexBuilder();
  entries.forEach((one, number) => builder.add(one, one.kind === "file" ? number * 512 : -1));
  return builder.finish();
}

function dump(...entries: readonly Entry[]): string[] {
  return indexDump(build(...entries).index)
    .trimEnd()
    .split("\n");
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
const name = fc.constantFrom("a", "b", "a-b", "a.b", "é", "\xff", "zz");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/") as TreePath);

test("decodeIndex() gives back every entry that was added", () => {
  const anyEntry = fc.record({
    path,
    mode: fc.nat(0o7777),
    uid: fc.nat(0xfffffffe),
    gid: fc.nat(70_000),
    size: fc.nat(2 ** 40),
    mtimeSec: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    mtimeNsec: fc.nat(999_999_999),
    digest: fc.constant(`sha256:${"ab".repeat(32)}` as Digest),
    xattrs: fc
      .array(fc.tuple(fc.constantFrom("user.a", "security.capability"), fc.uint8Array({ maxLength: 20 })), { minLength: 1 })
      .map((list) => new Map(list)),
  });
  fc.assert(
    fc.property(fc.uniqueArray(anyEntry, { selector: (one) => one.path.split("/")[0] }), (fields) => {
      const entries = fields.map((one): Entry => ({ ...one, kind: "file" }));
      const built = build(...entries).index;
      const index = decodeIndex(Uint8Array.from(built.bytes));
      assert.equal(index.count, entries.length);
      for (const one of entries) {
        const found = index.at(index.find(one.path));
        assert.deepEqual({ ...found, xattrs: undefined }, { ...one, xattrs: undefined });
        assert.deepEqual(
          [...(found.xattrs ?? [])].map(([key, value]) => [key, [...value]] as const).toSorted(byName),
          [...(one.xattrs ?? [])].map(([key, value]) => [key, [...value]] as const).toSorted(byName),
        );
      }
    }),
  );
});

test("find() and below() agree with a list", () => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 30 }), path, (paths, wanted) => {
      const { index } = build(...paths.map((one) => entry(one, "dir", { path: one })));
      const sorted = paths.toSorted(compareTreePaths);
      assert.deepEqual(
        Array.from({ length: index.count }, (_, at) => index.path(at)),
        sorted,
      );
      assert.equal(index.find(wanted), sorted.indexOf(wanted));
      const [start, end] = index.below(wanted);
      assert.deepEqual(
        sorted.slice(start, end),
        sorted.filter((one) => one.startsWith(`${wanted}/`)),
      );
      assert.deepEqual(index.below("" as TreePath), [0, sorted.length]);
    }),
  );
});

test("an index takes less than 300 bytes an entry", () => {
  const entries = Array.from({ length: 5000 }, (_, number) =>
    entry(`usr/lib/node_modules/some-package/dist/esm/module-${number}.js`, "file"),
  );
  assert.ok(build(...entries).index.bytes.byteLength / entries.length < 300);
});

test("decodeIndex() refuses damaged indexes or reads them as valid ones", () => {
  const { bytes } = build(
    entry("a", "dir"),
    entry("a/b", "file", { size: 5, xattrs: new Map([["user.x", Buffer.from("y")]]) }),
    entry("a/c", "symlink", { link: "b" }),
    entry("a/d", "hardlink", { link: "a/b" }),
  ).index;
  assert.throws(() => decodeIndex(bytes.subarray(0, 10)), failsWith("STORE_CORRUPT"));
  assert.throws(() => decodeIndex(bytes.subarray(0, -1)), failsWith("STORE_CORRUPT"));
  fc.assert(
    fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      try {
        const index = decodeIndex(damaged);
        for (let position = 0; position < index.count; position += 1) {
          const { path: found } = index.at(position);
          assert.ok(!found.split("/").some((part) => part === "" || part === "." || part === "..") || found === "");
        }
      } catch (error) {
        failsWith("STORE_CORRUPT")(error);
      }
    }),
    { numRuns: 2000 },
  );
});

const SETTLED: readonly {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly want: readonly string[];
  readonly regular?: boolean;
}[] = [
  {
    name: "sorts entries that come in any order",
    entries: [entry("b", "file"), entry("a-c", "file"), entry("a/x", "file"), entry("a", "dir")],
    want: ["/a: dir 0755 0:0", "/a/x: file 0644 0:0", "/a-c: file 0644 0:0", "/b: file 0644 0:0"],
    regular: true,
  },
  { name: "lets the last of a name win", entries: [entry("a", "file"), entry("a", "symlink", { link: "x" })], want: ["/a: link -> x"] },
  {
    name: "drops what a later file replaced",
    entries: [entry("d", "dir"), entry("d/x", "file"), entry("d", "file")],
    want: ["/d: file 0644 0:0"],
  },
  {
    name: "makes a whiteout and a directory an opaque directory",
    entries: [entry("d", "dir"), entry("d", "whiteout")],
    want: ["/d: dir 0755 0:0 opaque"],
  },
  {
    name: "keeps a file against a whiteout of its name",
    entries: [entry("f", "whiteout"), entry("f", "file")],
    want: ["/f: file 0644 0:0"],
  },
  {
    name: "joins an opaque mark with its directory",
    entries: [entry("d", "dir"), entry("d", "opaque")],
    want: ["/d: dir 0755 0:0 opaque"],
  },
  { name: "keeps an opaque mark without a directory", entries: [entry("d", "opaque")], want: ["/d: opaque"], regular: true },
  {
    name: "makes a directory of a whiteout with files below",
    entries: [entry("d", "whiteout"), entry("d/x", "file")],
    want: ["/d: dir 0755 0:0 opaque", "/d/x: file 0644 0:0"],
  },
  {
    name: "follows a symlink of the same layer",
    entries: [entry("lib", "symlink", { link: "usr/lib" }), entry("lib/x", "file"), entry("usr/lib", "dir")],
    want: ["/lib: link -> usr/lib", "/usr/lib: dir 0755 0:0", "/usr/lib/x: file 0644 0:0"],
  },
  {
    name: "keeps a symlink from leading out",
    entries: [entry("l", "symlink", { link: "../../../etc" }), entry("l/passwd", "file")],
    want: ["/etc/passwd: file 0644 0:0", "/l: link -> ../../../etc"],
  },
  {
    name: "names the first of chained hard links",
    entries: [entry("a", "file"), entry("b", "hardlink", { link: "a" }), entry("c", "hardlink", { link: "b" })],
    want: ["/a: file 0644 0:0", "/b: hardlink = /a", "/c: hardlink = /a"],
    regular: true,
  },
  {
    name: "keeps for a hard link the file that was replaced",
    entries: [entry("b", "file", { uid: 1 }), entry("a", "hardlink", { link: "b", uid: 1 }), entry("b", "file", { uid: 2 })],
    want: ["/a: file 0644 1:0", "/b: file 0644 2:0"],
  },
  {
    name: "R7: forgets what was below a directory that a file replaced, also when a directory follows",
    entries: [entry("d", "dir"), entry("d/old", "file"), entry("d", "file"), entry("d", "dir", { mode: 0o711 }), entry("d/new", "file")],
    want: ["/d: dir 0711 0:0", "/d/new: file 0644 0:0"],
  },
  {
    name: "L1: writes through the symlink that was there at the time",
    entries: [
      entry("l", "symlink", { link: "a" }),
      entry("l/one", "file"),
      entry("l", "symlink", { link: "/b" }),
      entry("l/two", "file"),
      entry("l", "dir"),
      entry("l/three", "file"),
    ],
    want: ["/a/one: file 0644 0:0", "/b/two: file 0644 0:0", "/l: dir 0755 0:0", "/l/three: file 0644 0:0"],
  },
  {
    name: "L2: gives a file the metadata of the last hard link to it",
    entries: [
      entry("b", "file", { uid: 1, mode: 0o600 }),
      entry("a", "hardlink", { link: "b", uid: 2, mode: 0o640 }),
      entry("c", "hardlink", { link: "a", uid: 3, mode: 0o4755 }),
    ],
    want: ["/a: file 4755 3:0", "/b: hardlink = /a", "/c: hardlink = /a"],
  },
  {
    name: "L2: adds the attributes of a hard link, and takes capabilities that it does not repeat",
    entries: [
      entry("f", "file", {
        xattrs: new Map([
          ["security.capability", Buffer.from("c")],
          ["user.x", Buffer.from("y")],
        ]),
      }),
      entry("g", "hardlink", { link: "f", xattrs: new Map([["user.z", Buffer.from("z")]]) }),
    ],
    want: ["/f: file 0644 0:0 user.x=y user.z=z", "/g: hardlink = /f user.x=y user.z=z"],
  },
  {
    name: "L2: takes a hard link without attributes for a plain one",
    entries: [entry("f", "file", { xattrs: new Map([["user.x", Buffer.from("y")]]) }), entry("g", "hardlink", { link: "f" })],
    want: ["/f: file 0644 0:0 user.x=y", "/g: hardlink = /f"],
    regular: true,
  },
  {
    name: "L2: finds the target of a hard link through symlinks",
    entries: [
      entry("usr", "dir"),
      entry("usr/f", "file"),
      entry("l", "symlink", { link: "/usr" }),
      entry("h", "hardlink", { link: "l/f" }),
      entry("o", "hardlink", { link: "l/other" }),
    ],
    want: ["/h: file 0644 0:0", "/l: link -> /usr", "/o: hardlink = /usr/other", "/usr: dir 0755 0:0", "/usr/f: hardlink = /h"],
  },
  {
    name: "L2: links to what came later, and to what links to it",
    entries: [entry("a", "hardlink", { link: "b" }), entry("b", "hardlink", { link: "c" }), entry("c", "file", { uid: 4 })],
    want: ["/a: file 0644 4:0", "/b: hardlink = /a", "/c: hardlink = /a"],
  },
  {
    name: "R13: keeps a hard link to a symlink",
    entries: [entry("s", "symlink", { link: "t" }), entry("h", "hardlink", { link: "s" })],
    want: ["/h: link -> t", "/s: hardlink = /h"],
  },
  {
    name: "keeps a hard link to a lower layer",
    entries: [entry("h", "hardlink", { link: "below" })],
    want: ["/h: hardlink = /below"],
    regular: true,
  },
];

for (const { name: title, entries, want, regular } of SETTLED) {
  test(`an index ${title}`, () => {
    assert.deepEqual(dump(...entries), want);
    assert.equal(build(...entries).regular, regular ?? false);
  });
}

const REFUSED: readonly { readonly name: string; readonly entries: readonly Entry[] }[] = [
  { name: "entries below a file", entries: [entry("f", "file"), entry("f/x", "file")] },
  { name: "a hard link to a directory", entries: [entry("d", "dir"), entry("h", "hardlink", { link: "d" })] },
  { name: "a hard link to itself", entries: [entry("h", "hardlink", { link: "h" })] },
  { name: "hard links in a circle", entries: [entry("g", "hardlink", { link: "h" }), entry("h", "hardlink", { link: "g" })] },
  {
    name: "symlinks in a circle with entries below",
    entries: [entry("a", "symlink", { link: "b" }), entry("b", "symlink", { link: "a" }), entry("a/x", "file")],
  },
];

for (const { name: title, entries } of REFUSED) {
  test(`an index refuses ${title}`, () => {
    assert.throws(() => build(...entries), failsWith("TAR"));
  });
}

test("an index knows whether it needs what is below", () => {
  assert.equal(build(entry("a", "dir"), entry("a/b", "dir"), entry("a/b/c", "file"), entry("d", "file")).index.needsLower, false);
  assert.equal(build(entry("a", "dir"), entry("a/b/c", "file")).index.needsLower, true);
  assert.equal(build(entry("a", "dir"), entry("ab/c", "file")).index.needsLower, true);
  assert.equal(build(entry("", "dir"), entry("a", "file")).index.needsLower, false);
  assert.equal(build(entry("a", "opaque")).index.needsLower, true);
  assert.equal(build(entry("a", "dir"), entry("a", "opaque")).index.needsLower, false);
  assert.equal(build(entry("a", "file"), entry("b", "hardlink", { link: "a" })).index.needsLower, false);
  assert.equal(build(entry("b", "hardlink", { link: "a" })).index.needsLower, true);
});
