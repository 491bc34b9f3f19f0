/**
 * Do scanners see what is in an assembled base? Their rules are written down here a second time (reference distroless.md, section 6), sharing
 * nothing with the code under test: Trivy reads each file of status.d that is no md5sums, a missing Status is fine; Syft takes the files from
 * NAME:ARCH.md5sums, else NAME.md5sums, and licences from usr/share/doc/NAME/copyright.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import { type FakeKey, type FakePackage, makeKey } from "../../test/support/archive.ts";
import { date, openWorld } from "../../test/support/base-world.ts";
import type { RecipeDocument } from "../distroless/recipe.ts";
import { treePath } from "../paths.ts";
import { layerTree, readTreeFile, type Tree } from "../tree/index.ts";
import { readInventory } from "./read-inventory.ts";

const platform = { os: "linux", architecture: "amd64" };
const FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: GPL-3+\n";
const packages: readonly FakePackage[] = [
  {
    name: "libstdc++6",
    version: "14.2.0-19",
    fields: { Source: "gcc-14 (14.2.0-18)", Depends: "libc6 (>= 2.36)", "Multi-Arch": "same" },
    files: [
      { path: "./usr/lib/x/libstdc++.so.6.0.33", content: "elf" },
      { path: "./usr/lib/x/libstdc++.so.6", type: "symlink", link: "libstdc++.so.6.0.33" },
      { path: "./usr/share/doc/libstdc++6/copyright", content: FORMAT },
      { path: "./usr/share/doc/libstdc++6/changelog.gz", content: "long" },
    ],
  },
  {
    name: "libc6",
    version: "2:2.41-12+deb13u1",
    fields: { Source: "glibc" },
    files: [
      { path: "./usr/lib/x/libc.so.6", content: "libc" },
      { path: "./usr/share/doc/libc6/copyright", content: "see /usr/share/common-licenses/LGPL-2.1" },
      { path: "./usr/share/man/man1/x.1", content: "man" },
    ],
  },
];
const recipe: RecipeDocument = {
  name: "scanned",
  suite: "bookworm",
  packages: ["libstdc++6", "libc6"],
  follow: false,
  slices: [{ drop: ["/usr/share/doc/**", "/usr/share/man/**"] }],
  files: [{ path: "/etc/os-release", text: 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' }],
};

async function text(tree: Tree, path: string): Promise<string | undefined> {
  return tree.lookup(treePath(path))?.kind === "file" ? (await readTreeFile(tree, treePath(path), 1_000_000)).toString("utf8") : undefined;
}

/** What Trivy takes a package for: "name version from source sourceVersion arch". */
async function asTrivy(tree: Tree): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, kind } of tree.readdir(treePath("var/lib/dpkg/status.d"))) {
    if (kind !== "file" || path.endsWith(".md5sums")) continue;
    const fields = new Map<string, string>();
    let key = "";
    for (const line of ((await text(tree, path)) ?? "").split("\n")) {
      if (/^[ \t]/.test(line)) fields.set(key, `${fields.get(key) ?? ""} ${line.trim()}`);
      else if (line.includes(":")) {
        key = line.slice(0, line.indexOf(":"));
        fields.set(key, line.slice(line.indexOf(":") + 1).trim());
      }
    }
    const get = (name: string): string => fields.get(name) ?? "";
    if (/deinstall|purge/.test(get("Status")) || get("Package") === "" || get("Version") === "") continue;
    const [, source = "", , sourceVersion = ""] = /^([^\s]*)( \((.*)\))?/.exec(get("Source")) ?? [];
    found.push(
      `${get("Package")} ${get("Version")} from ${source || get("Package")} ${sourceVersion || get("Version")} ${get("Architecture")}`,
    );
  }
  return found;
}

/** What Syft takes for the files of a package: "path md5". */
async function filesAsSyft(tree: Tree, name: string, architecture: string): Promise<readonly string[]> {
  const key = architecture === "" || architecture === "all" ? name : `${name}:${architecture}`;
  const folder = "var/lib/dpkg/status.d";
  const sums = (await text(tree, `${folder}/${key}.md5sums`)) ?? (await text(tree, `${folder}/${name}.md5sums`)) ?? "";
  return sums
    .split("\n")
    .filter((line) => line.includes("  "))
    .map((line) => `${line.slice(line.indexOf("  ") + 2)} ${line.slice(0, line.indexOf("  "))}`);
}

describe("an assembled base", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey("scanned", { createdAt: new Date(date.getTime() - 1000) });
  });

  async function withBase(check: (tree: Tree) => Promise<void>): Promise<void> {
    await using world = await openWorld(key, packages);
    const base = await world.assemble([recipe]);
    await check(layerTree(base.layers));
  }

  it("has packages, sources and the distribution where Trivy looks", async () => {
    await withBase(async (tree) => {
      assert.deepEqual(await asTrivy(tree), [
        "libc6 2:2.41-12+deb13u1 from glibc 2:2.41-12+deb13u1 amd64",
        "libstdc++6 14.2.0-19 from gcc-14 14.2.0-18 amd64",
      ]);
      assert.match((await text(tree, "etc/os-release")) ?? "", /^ID=debian\nVERSION_ID="12"$/m);
    });
  });

  it("lists to Syft the files that are there, each with the sum of its content", async () => {
    await withBase(async (tree) => {
      for (const [name, want] of [
        ["libstdc++6", ["usr/lib/x/libstdc++.so.6.0.33", "usr/share/doc/libstdc++6/copyright"]],
        ["libc6", ["usr/lib/x/libc.so.6", "usr/share/doc/libc6/copyright"]],
      ] as const) {
        const listed = await filesAsSyft(tree, name, "amd64");
        assert.deepEqual(
          listed.map((line) => line.split(" ")[0]),
          want,
        );
        for (const line of listed) {
          const [path = "", md5] = line.split(" ");
          const content = (await text(tree, path)) ?? "";
          assert.equal(createHash("md5").update(content).digest("hex"), md5, path);
        }
      }
    });
  });

  it("is read by Decant as by scanners, with licences", async () => {
    await withBase(async (tree) => {
      const { packages: found, unread } = await readInventory(tree, { platform });
      assert.deepEqual(unread, []);
      assert.deepEqual(
        found.map(({ purl, licences, files }) => [purl, licences.join(), files.join(" ")]),
        [
          [
            "pkg:deb/debian/libc6@2:2.41-12%2Bdeb13u1?arch=amd64&distro=debian-12&upstream=glibc",
            "LicenseRef-copyright-2897ea24",
            "usr/lib/x/libc.so.6 usr/share/doc/libc6/copyright",
          ],
          [
            "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-12&upstream=gcc-14%4014.2.0-18",
            "GPL-3.0-or-later",
            "usr/lib/x/libstdc++.so.6.0.33 usr/share/doc/libstdc++6/copyright",
          ],
        ],
      );
    });
  });
});
