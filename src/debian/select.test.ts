import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import type { BinaryPackage } from "./binary-package.ts";
import type { PackageIndex } from "./package-index.ts";
import { selectPackages } from "./select.ts";

function one(name: string, version: string, architecture: string, suite = "bookworm"): BinaryPackage {
  return { name, version, architecture, source: name, filename: `${name}.deb`, size: 1, digest: sha256(version), uri: "http://a", suite };
}
const versions = new Map([
  ["a", [one("a", "1.9", "amd64"), one("a", "1.10", "amd64"), one("a", "1.10", "amd64", "later"), one("a", "9", "arm64")]],
  ["b", [one("b", "1", "all")]],
]);
const index: PackageIndex = { named: (name) => versions.get(name) ?? [], providing: () => [], names: () => versions.keys() };

describe("selectPackages()", () => {
  it("takes the highest version, of the first source that has it", () => {
    assert.deepEqual(
      selectPackages(index, ["b", "a"], { architecture: "amd64" }).map((item) => `${item.name} ${item.version} ${item.suite}`),
      ["b 1 bookworm", "a 1.10 bookworm"],
    );
  });
  it("names every package that is missing", () => {
    assert.throws(() => selectPackages(index, ["a", "nope", "b", "no"], { architecture: "amd64" }), {
      code: "DEBIAN_DEPENDENCY",
      message: 'Cannot find packages "nope", "no": the indexes have no such package for amd64',
    });
  });
  it("A8: takes the highest version that the constraints allow", () => {
    const select = (operator: "<<" | "=" | ">=", version: string): string =>
      selectPackages(index, ["a"], { architecture: "amd64", versions: { a: [{ operator, version }] } })
        .map((item) => item.version)
        .join();
    assert.equal(select("<<", "1.10"), "1.9");
    assert.equal(select("=", "1.9"), "1.9");
    assert.throws(() => select(">=", "2"), {
      code: "DEBIAN_DEPENDENCY",
      message: 'Cannot install package "a" with what it needs: a (>= 2): bookworm has a 1.9, bookworm has a 1.10, later has a 1.10',
    });
  });
});
