import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { findTool, runProcess } from "../sys/index.ts";
import { compareVersions, parseVersion, satisfiesVersion } from "./version.ts";

describe("compareVersions()", () => {
  const ascending = [
    "0~~", "0~~a", "0~", "0", "0.0", "1.0~rc1-1", "1.0~rc1-1+b1", "1.0-0~bpo", "1.0", "1.0-1", "1.0-1.1", "1.0a", "1.0+b", "1.0.0", "1.2", "1.10", "2:0.1", "10:0",
  ]; // prettier-ignore
  for (const [at, version] of ascending.entries()) {
    const next = ascending[at + 1];
    if (next === undefined) continue;
    it(`puts ${version} before ${next}`, () => {
      assert.ok(compareVersions(version, next) < 0);
      assert.ok(compareVersions(next, version) > 0);
    });
  }
  it("takes no revision for revision 0, and leading zeros for nothing", () => {
    assert.equal(compareVersions("1.0", "1.0-0"), 0);
    assert.equal(compareVersions("1.002", "1.2"), 0);
    assert.equal(compareVersions("0:1", "1"), 0);
  });
  it("compares numbers that a double cannot hold", () => {
    assert.ok(compareVersions("1.90071992547409931", "1.90071992547409932") < 0);
  });

  it("agrees with dpkg --compare-versions", { skip: findTool("dpkg") === undefined && "dpkg is not installed" }, async () => {
    const part = fc.stringMatching(/^[0-9a-zA.+~]{0,6}$/);
    const version = fc
      .tuple(
        fc.option(fc.integer({ min: 0, max: 12 })),
        fc.integer({ min: 0, max: 20 }),
        part,
        fc.option(fc.stringMatching(/^[0-9aZ.+~]{1,4}$/)),
      )
      .map(
        ([epoch, first, rest, revision]) => `${epoch === null ? "" : `${epoch}:`}${first}${rest}${revision === null ? "" : `-${revision}`}`,
      );
    const pairs = fc.sample(fc.tuple(version, version), 400);
    const script =
      'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" gt "$b"; then echo 1; else echo 0; fi; done';
    const { stdout } = await runProcess({ argv: ["sh", "-c", script], input: pairs.map(([a, b]) => `${a} ${b}\n`).join("") });
    assert.deepEqual(
      pairs.map(([a, b]) => `${a} ${b} ${Math.sign(compareVersions(a, b))}`),
      stdout
        .toString()
        .trim()
        .split("\n")
        .map((order, at) => `${pairs[at]?.join(" ") ?? ""} ${order}`),
    );
  });
});

describe("parseVersion()", () => {
  const rows = [
    { text: "1:2.36-9+deb12u13", want: { epoch: 1, upstream: "2.36", revision: "9+deb12u13" } },
    { text: "2024a-0-1", want: { epoch: 0, upstream: "2024a-0", revision: "1" } },
    { text: "1:2:3", want: { epoch: 1, upstream: "2:3", revision: "" } },
  ];
  for (const row of rows) {
    it(`splits ${row.text}`, () => assert.deepEqual(parseVersion(row.text), row.want));
  }
  for (const text of ["", "a1", "1-", "1:", "-1", "1 2", "1_2", "1:a", "1/2"]) {
    it(`refuses "${text}"`, () => assert.throws(() => parseVersion(text), { code: "DEBIAN_ARCHIVE" }));
  }
});

describe("satisfiesVersion()", () => {
  for (const [operator, want] of [
    ["<<", false],
    ["<=", true],
    ["=", true],
    [">=", true],
    [">>", false],
  ] as const) {
    it(`says ${want} for an equal version with ${operator}`, () => assert.equal(satisfiesVersion("1.0-0", operator, "1.0"), want));
  }
});
