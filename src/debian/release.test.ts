import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkRelease, parseRelease } from "./release.ts";

const hash = "a".repeat(64);
function text(more: readonly string[] = [], table = ` ${hash} 5 main/binary-amd64/Packages.xz`): string {
  return [
    "Suite: stable",
    "Codename: bookworm",
    "Date: Sat, 11 Jul 2026 10:16:37 UTC",
    "Architectures: all amd64",
    ...more,
    "SHA256:",
    table,
    "",
  ].join("\n");
}

describe("parseRelease()", () => {
  it("reads names, dates and the SHA-256 table only", () => {
    const release = parseRelease(
      text(["Acquire-By-Hash: yes", "Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC", "MD5Sum:", " 00 5 main/evil"]),
      "t",
    );
    assert.deepEqual(release, {
      suite: "stable",
      codename: "bookworm",
      version: undefined,
      date: new Date("2026-07-11T10:16:37Z"),
      validUntil: new Date("2026-07-18T10:16:37Z"),
      byHash: true,
      notAutomatic: false,
      architectures: ["all", "amd64"],
      components: [],
      separateAll: true,
      files: new Map([["main/binary-amd64/Packages.xz", { digest: `sha256:${hash}`, size: 5 }]]),
    });
  });
  it("knows suites whose other indexes hold the packages of architecture all", () => {
    assert.equal(parseRelease(text(["No-Support-for-Architecture-all: Packages"]), "t").separateAll, false);
  });
  const faults = [
    { name: "a table with a short hash", input: text([], " abc 5 x") },
    { name: "a path listed twice", input: text([], ` ${hash} 5 x\n ${hash} 6 x`) },
    { name: "no table", input: "Date: Sat, 11 Jul 2026 10:16:37 UTC\nMD5Sum:\n 00 1 x" },
    { name: "a date that is none", input: text().replace("Jul", "Yul") },
    { name: "two paragraphs", input: `${text()}\n\nSuite: evil` },
  ];
  for (const row of faults) {
    it(`refuses ${row.name}`, () => assert.throws(() => parseRelease(row.input, "t"), { code: "DEBIAN_ARCHIVE" }));
  }
});

describe("checkRelease()", () => {
  const release = parseRelease(text(["Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC"]), "t");
  const rows = [
    { name: "accepts the codename", suite: "bookworm", now: "2026-07-12T00:00:00Z", want: undefined },
    { name: "accepts the suite", suite: "stable", now: "2026-07-12T00:00:00Z", want: undefined },
    { name: "refuses another suite", suite: "trixie", now: "2026-07-12T00:00:00Z", want: "DEBIAN_ARCHIVE" },
    { name: "refuses a date in the future", suite: "bookworm", now: "2026-07-11T00:00:00Z", want: "DEBIAN_ARCHIVE" },
    { name: "refuses a release past its Valid-Until", suite: "bookworm", now: "2026-07-19T00:00:00Z", want: "DEBIAN_EXPIRED" },
    { name: "accepts that one when told so", suite: "bookworm", now: "2026-07-19T00:00:00Z", acceptExpired: true, want: undefined },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const check = (): void =>
        checkRelease(release, "t", { suite: row.suite, now: new Date(row.now), acceptExpired: row.acceptExpired ?? false });
      if (row.want === undefined) check();
      else assert.throws(check, { code: row.want });
    });
  }
});
