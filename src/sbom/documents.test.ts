import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { assertCycloneDx, assertSpdx } from "../../test/support/validate-sbom.ts";
import { sha256 } from "../digest.ts";
import type { Tree } from "../tree/index.ts";
import { cycloneDxDocument } from "./cyclonedx.ts";
import { fileSums } from "./file-sums.ts";
import { readInventory } from "./read-inventory.ts";
import { spdxDocument } from "./spdx.ts";
import type { DocumentOptions, Inventory, SbomSubject } from "./types.ts";

const platform = { os: "linux", architecture: "amd64" };
const file = (text: string): string => `file 644 0:0 ${text}`;
const md5 = "0".repeat(32);
const draft = memoryTree({
  "etc/os-release": file('ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'),
  "var/lib/dpkg/status.d/libc6": file(
    "Package: libc6\nSource: glibc\nVersion: 2.41-12\nArchitecture: amd64\nMaintainer: GNU Libc Maintainers <g@example.org>\nDescription: C library\n more\n",
  ),
  "var/lib/dpkg/status.d/libc6.md5sums": file(`${md5}  usr/lib/libc.so.6\n${md5}  usr/share/doc/libc6/copyright\n`),
  "var/lib/dpkg/status.d/bash": file(
    "Package: bash\nVersion: 1:5.2~rc1+b2\nArchitecture: amd64\nMaintainer: A B <a@example.org>\nHomepage: https://example.org/bash\nDepends: libc6 (>= 2.36), gone | libc6\n",
  ),
  "usr/lib/libc.so.6": file("elf"),
  "usr/share/doc/libc6/copyright": file("see /usr/share/common-licenses/LGPL-2.1 and /usr/share/common-licenses/GPL-2"),
  "usr/share/doc/bash/copyright": file(
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-3+ or odd\n Odd text.\n",
  ),
  "app/node_modules/a/package.json": file('{"name":"a","version":"1.0.0","license":"MIT","dependencies":{"@s/b":"1"}}'),
  "app/node_modules/@s/b/package.json": file('{"name":"@s/b","version":"1.2.3","license":"odd \\"licence\\""}'),
  "opt/node_modules/a/package.json": file('{"name":"a","version":"1.0.0","license":"MIT"}'),
});
/** Trees of images know their digests. */
const tree: Tree = {
  ...draft,
  async digest(entry) {
    const data = await draft.data(entry);
    return sha256(data.kind === "bytes" ? data.bytes : "");
  },
};
const subject: SbomSubject = {
  name: "ghcr.io/org/app:v1",
  reference: "ghcr.io/org/app:v1",
  kind: "image",
  platform,
  digest: sha256("manifest"),
  created: "2026-03-01T10:00:00.123456789Z",
};

async function options(sha1: boolean): Promise<{ readonly inventory: Inventory; readonly options: DocumentOptions }> {
  const inventory = await readInventory(tree, { platform });
  return { inventory, options: { subject, files: await fileSums(tree, inventory.packages, { sha1 }) } };
}

describe("spdxDocument()", () => {
  it("keeps the rules of SPDX 2.3 and lists packages, files and what needs what", async () => {
    const given = await options(true);
    const document = assertSpdx(spdxDocument(given.inventory, given.options));
    const names = new Map<string, string>([
      ...document.packages.map(({ SPDXID, name }): readonly [string, string] => [SPDXID, name]),
      ...(document.files ?? []).map(({ SPDXID, fileName }): readonly [string, string] => [SPDXID, fileName]),
      [document.SPDXID, "document"],
    ]);
    assert.deepEqual(
      document.relationships.map((one) => `${names.get(one.spdxElementId)} ${one.relationshipType} ${names.get(one.relatedSpdxElement)}`),
      [
        "document DESCRIBES ghcr.io/org/app:v1",
        "ghcr.io/org/app:v1 CONTAINS debian",
        "ghcr.io/org/app:v1 CONTAINS bash",
        "ghcr.io/org/app:v1 CONTAINS libc6",
        "ghcr.io/org/app:v1 CONTAINS @s/b",
        "ghcr.io/org/app:v1 CONTAINS a",
        "ghcr.io/org/app:v1 CONTAINS a",
        "bash DEPENDS_ON libc6",
        "a DEPENDS_ON @s/b",
        "bash GENERATED_FROM bash",
        "libc6 GENERATED_FROM glibc",
        "libc6 CONTAINS ./usr/lib/libc.so.6",
        "libc6 CONTAINS ./usr/share/doc/libc6/copyright",
        "@s/b CONTAINS ./app/node_modules/@s/b/package.json",
        "a CONTAINS ./app/node_modules/a/package.json",
        "a CONTAINS ./opt/node_modules/a/package.json",
      ],
    );
    assert.equal(document.creationInfo.created, "2026-03-01T10:00:00Z");
    assert.deepEqual(
      document.packages.map(({ name, supplier, licenseDeclared, filesAnalyzed }) => [name, supplier, licenseDeclared, filesAnalyzed]),
      [
        ["ghcr.io/org/app:v1", "NOASSERTION", "NOASSERTION", false],
        ["debian", "NOASSERTION", "NOASSERTION", false],
        ["bash", "Person: A B (a@example.org)", "GPL-3.0-or-later OR LicenseRef-odd-513ec9e7", false],
        ["libc6", "Organization: GNU Libc Maintainers (g@example.org)", "LicenseRef-copyright-64726b4f", true],
        ["@s/b", "NOASSERTION", "LicenseRef-odd-licence-b16e3c58", true],
        ["a", "NOASSERTION", "MIT", true],
        ["a", "NOASSERTION", "MIT", true],
        ["bash", "NOASSERTION", "NOASSERTION", false],
        ["glibc", "NOASSERTION", "NOASSERTION", false],
      ],
    );
    const purls = document.packages.flatMap(({ externalRefs = [] }) => externalRefs.map(({ referenceLocator }) => referenceLocator));
    assert.deepEqual(purls, [
      `pkg:oci/app@${sha256("manifest")}?arch=amd64&repository_url=ghcr.io%2Forg%2Fapp&tag=v1`,
      "pkg:deb/debian/bash@1:5.2~rc1%2Bb2?arch=amd64&distro=debian-13",
      "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc",
      "pkg:npm/%40s/b@1.2.3",
      "pkg:npm/a@1.0.0",
      "pkg:npm/a@1.0.0",
    ]);
  });

  it("lists no files when their sums are not given, or have no SHA-1", async () => {
    const { inventory, options: withoutSha1 } = await options(false);
    for (const given of [{ subject }, withoutSha1]) assert.equal(assertSpdx(spdxDocument(inventory, given)).files, undefined);
  });

  it("of a folder has neither digest nor purl, and 1970 as its time", async () => {
    const inventory = await readInventory(memoryTree({}), { platform });
    const document = assertSpdx(spdxDocument(inventory, { subject: { name: "./out", kind: "directory", platform } }));
    assert.equal(document.creationInfo.created, "1970-01-01T00:00:00Z");
    assert.deepEqual(
      document.packages.map(({ name, externalRefs, checksums }) => [name, externalRefs, checksums]),
      [["./out", undefined, undefined]],
    );
  });
});

describe("cycloneDxDocument()", () => {
  it("passes the official schema of 1.6", async () => {
    for (const sha1 of [false, true]) {
      const given = await options(sha1);
      assertCycloneDx(cycloneDxDocument(given.inventory, given.options));
    }
    const empty = await readInventory(memoryTree({}), { platform });
    assertCycloneDx(cycloneDxDocument(empty, { subject: { name: "x", kind: "directory", platform } }));
  });

  it("the validator finds a fault", async () => {
    const { inventory, options: given } = await options(false);
    const document = cycloneDxDocument(inventory, given);
    assert.ok(typeof document === "object" && document !== null);
    assert.throws(() => assertCycloneDx({ ...document, serialNumber: "x" }), /urn:uuid/);
  });
});

for (const [name, write] of [
  ["spdxDocument()", spdxDocument],
  ["cycloneDxDocument()", cycloneDxDocument],
] as const) {
  it(`${name} gives the same bytes for the same tree and other identities for other content`, async () => {
    const [first, second] = [await options(true), await options(true)];
    const text = JSON.stringify(write(first.inventory, first.options));
    assert.equal(JSON.stringify(write(second.inventory, second.options)), text);
    const other = { ...subject, digest: sha256("other") };
    const identity = (document: string): string | undefined => /urn:uuid:[^"]+|spdxdocs[^"]+/.exec(document)?.[0];
    assert.notEqual(identity(JSON.stringify(write(first.inventory, { subject: other }))), identity(text));
  });
}
