import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BinaryPackage, toBinaryPackage } from "./binary-package.ts";

function read(fields: Readonly<Record<string, string>>): BinaryPackage {
  const all = {
    package: "a",
    version: "1-1",
    architecture: "amd64",
    filename: "pool/a.deb",
    size: "10",
    sha256: "0".repeat(64),
    ...fields,
  };
  return toBinaryPackage(new Map(Object.entries(all)), { uri: "http://m", suite: "s" }, "t");
}

describe("toBinaryPackage()", () => {
  it("leaves out what the paragraph does not have", () => {
    assert.deepEqual(read({}), {
      name: "a", version: "1-1", architecture: "amd64", source: "a", filename: "pool/a.deb", size: 10, digest: `sha256:${"0".repeat(64)}`, uri: "http://m", suite: "s",
    }); // prettier-ignore
  });
  const rows: readonly { name: string; fields: Readonly<Record<string, string>>; want: Partial<BinaryPackage> }[] = [
    { name: "a source with a version of its own", fields: { source: "gcc-14 (14.2.0-19)" }, want: { source: "gcc-14", sourceVersion: "14.2.0-19" } },
    { name: "traits", fields: { "multi-arch": "same", essential: "yes", priority: "required", "installed-size": "42" }, want: { multiArch: "same", essential: true, priority: "required", installedSizeKiB: 42 } },
    { name: "no trait that says no", fields: { "multi-arch": "no", essential: "no", "installed-size": "many" }, want: {} },
    { name: "dependency fields as written", fields: { depends: "b | c", "pre-depends": "d", provides: "e", conflicts: "f", breaks: "g (<< 1)" }, want: { depends: "b | c", preDepends: "d", provides: "e", conflicts: "f", breaks: "g (<< 1)" } },
    { name: "a file name of a flat repository", fields: { filename: "./a.deb" }, want: { filename: "a.deb" } },
  ]; // prettier-ignore
  for (const row of rows) it(`reads ${row.name}`, () => assert.deepEqual(read(row.fields), { ...read({}), ...row.want }));

  const faults: readonly { name: string; fields: Readonly<Record<string, string>>; want: RegExp }[] = [
    { name: "a file above the mirror", fields: { filename: "../../etc/passwd.deb" }, want: /is not a path below the mirror/ },
    { name: "a file at another address", fields: { filename: "http://evil/a.deb" }, want: /is not a path below the mirror/ },
    { name: "an absolute file", fields: { filename: "/etc/a.deb" }, want: /is not a path below the mirror/ },
    { name: "a size that is none", fields: { size: "-1" }, want: /its size "-1" is not a number of bytes/ },
    { name: "a version that is none", fields: { version: "x" }, want: /is not a Debian version/ },
    { name: "no hash", fields: { sha256: "" }, want: /it has no field SHA256/ },
  ];
  for (const row of faults)
    it(`refuses ${row.name}`, () => assert.throws(() => read(row.fields), { code: "DEBIAN_ARCHIVE", message: row.want }));
});
