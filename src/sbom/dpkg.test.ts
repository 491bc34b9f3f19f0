import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import { readInventory } from "./read-inventory.ts";
import type { Inventory } from "./types.ts";

const platform = { os: "linux", architecture: "amd64" };
const osRelease = 'file 644 0:0 PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n';
const control = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
const file = (text: string): string => `file 644 0:0 ${text}`;
const libc = { Package: "libc6", Version: "2.41-12+deb13u1", Architecture: "amd64", Source: "glibc" };

async function inventoryOf(spec: TreeSpec): Promise<Inventory> {
  return await readInventory(memoryTree(spec), { platform });
}

/** "name version purl files", and what was not read. */
async function dump(spec: TreeSpec): Promise<readonly string[]> {
  const { packages, unread } = await inventoryOf(spec);
  return [
    ...packages.map(({ name, version, files, location }) => `${name} ${version} [${files.join(" ")}] ${location}`),
    ...unread.map(({ path, why }) => `unread ${path}: ${why}`),
  ];
}

const ROWS: readonly { readonly name: string; readonly tree: TreeSpec; readonly want: readonly string[] }[] = [
  {
    name: "the packages of status.d with those files of md5sums that are in the tree",
    tree: {
      "var/lib/dpkg/status.d/libc6": file(control(libc)),
      "var/lib/dpkg/status.d/libc6.md5sums": file(`${"0".repeat(32)}  usr/lib/libc.so.6\n${"1".repeat(32)}  usr/share/doc/libc6/gone\n`),
      "usr/lib/libc.so.6": file("elf"),
    },
    want: ["libc6 2.41-12+deb13u1 [usr/lib/libc.so.6] var/lib/dpkg/status.d/libc6"],
  },
  {
    name: "the list of a package that has the architecture in its name, as syft looks it up",
    tree: {
      "var/lib/dpkg/status.d/libc6": file(control(libc)),
      "var/lib/dpkg/status.d/libc6:amd64.md5sums": file(`${"0".repeat(32)}  a\n`),
      "var/lib/dpkg/status.d/libc6.md5sums": file(`${"0".repeat(32)}  b\n`),
      a: file("a"),
      b: file("b"),
    },
    want: ["libc6 2.41-12+deb13u1 [a] var/lib/dpkg/status.d/libc6"],
  },
  {
    name: "the list of a package whose file in status.d has another name",
    tree: {
      "var/lib/dpkg/status.d/base": file(control({ Package: "base-files", Version: "12", Architecture: "amd64" })),
      "var/lib/dpkg/status.d/base.md5sums": file(`${"0".repeat(32)}  a\n`),
      a: file("a"),
    },
    want: ["base-files 12 [a] var/lib/dpkg/status.d/base"],
  },
  {
    name: "installed packages of status with info/*.list, files where merged /usr put them, no directories, each once",
    tree: {
      "var/lib/dpkg/status": file(
        [
          control({ ...libc, Status: "install ok installed" }),
          control({ Package: "gone", Version: "1", Architecture: "all", Status: "deinstall ok config-files" }),
          control({ Package: "half", Version: "1", Architecture: "all", Status: "install ok half-configured" }),
        ].join("\n"),
      ),
      "var/lib/dpkg/info/libc6:amd64.list": file("/.\n/lib\n/lib/libc.so.6\n/usr/lib/libc.so.6\n/usr/lib/link\n/usr/share/doc/gone\n"),
      lib: "link usr/lib",
      "usr/lib/libc.so.6": file("elf"),
      "usr/lib/link": "link libc.so.6",
    },
    want: ["half 1 [] var/lib/dpkg/status", "libc6 2.41-12+deb13u1 [usr/lib/libc.so.6 usr/lib/link] var/lib/dpkg/status"],
  },
  {
    name: "a package that both records have, once",
    tree: { "var/lib/dpkg/status": file(control(libc)), "var/lib/dpkg/status.d/libc6": file(control(libc)) },
    want: ["libc6 2.41-12+deb13u1 [] var/lib/dpkg/status"],
  },
  {
    name: "all but the damaged paragraphs, and says which",
    tree: {
      "var/lib/dpkg/status": file(`Package: a\nVersion: 1\n\nno field here\n\nPackage: b\n\nPackage: ../c\nVersion: 1\n`),
      "var/lib/dpkg/status.d/two": file("Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n"),
      "var/lib/dpkg/status.d/folder/inside": file("Package: no\nVersion: 1\n"),
    },
    want: [
      "a 1 [] var/lib/dpkg/status",
      'unread var/lib/dpkg/status: Cannot use "/var/lib/dpkg/status": line 1 is not a field; wanted "Name: value"',
      'unread var/lib/dpkg/status: the package "b" has no usable name or version',
      'unread var/lib/dpkg/status: the package "../c" has no usable name or version',
      'unread var/lib/dpkg/status.d/two: Cannot use "/var/lib/dpkg/status.d/two": it has 2 paragraphs of fields; wanted one',
    ],
  },
  {
    name: "nothing outside the root, nothing through links in circles",
    tree: {
      "var/lib/dpkg/status.d/libc6": file(control(libc)),
      "var/lib/dpkg/status.d/libc6.md5sums": file(`${"0".repeat(32)}  ../../etc/passwd\n${"0".repeat(32)}  loop/x\n`),
      loop: "link loop",
      "var/lib/dpkg/status": "link status",
    },
    want: ["libc6 2.41-12+deb13u1 [] var/lib/dpkg/status.d/libc6"],
  },
  { name: "nothing in an empty tree", tree: {}, want: [] },
];

describe("readInventory() finds of Debian", () => {
  for (const { name, tree, want } of ROWS) {
    it(name, async () => {
      assert.deepEqual(await dump(tree), want);
    });
  }

  it("what a control file says", async () => {
    const { os, packages } = await inventoryOf({
      "usr/lib/os-release": osRelease,
      "etc/os-release": "link ../usr/lib/os-release",
      "var/lib/dpkg/status.d/x": file(
        control({
          Package: "libstdc++6",
          Version: "1:14.2~rc1-19+b2",
          Architecture: "amd64",
          Source: "gcc-14 (14.2.0-19)",
          Maintainer: "A <a@example.org>",
          Homepage: "https://gcc.gnu.org",
          "Pre-Depends": "libc6 (>= 2.36)",
          Depends: "gcc-14-base (= 14.2.0-19), libgcc-s1 | libgcc1:any",
          Provides: "libstdc++ (= 6)",
          Description: "GNU\n more",
        }),
      ),
    });
    assert.deepEqual(os, { id: "debian", versionId: "13", codename: "trixie", prettyName: "Debian GNU/Linux 13 (trixie)" });
    assert.deepEqual(packages, [
      {
        kind: "deb",
        name: "libstdc++6",
        version: "1:14.2~rc1-19+b2",
        architecture: "amd64",
        source: { name: "gcc-14", version: "14.2.0-19" },
        purl: "pkg:deb/debian/libstdc%2B%2B6@1:14.2~rc1-19%2Bb2?arch=amd64&distro=debian-13&upstream=gcc-14%4014.2.0-19",
        licences: [],
        files: [],
        location: "var/lib/dpkg/status.d/x",
        maintainer: "A <a@example.org>",
        homepage: "https://gcc.gnu.org",
        summary: "GNU",
        requires: [["libc6"], ["gcc-14-base"], ["libgcc-s1", "libgcc1"]],
        provides: ["libstdc++"],
      },
    ]);
  });
});
