import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withVersions } from "./package-versions.ts";

describe("withVersions()", () => {
  const packages = [
    { name: "openjdk-17-jre-headless", version: "17.0.21.1+2-1~deb12u1" },
    { name: "perl", version: "1:5.36.0-7" },
  ];
  it("gives the authors' version, and leaves everything else", () => {
    const values = { JAVA_VERSION: "${version:openjdk-17-jre-headless}", A: "p${version:perl}-${HOME} ${version:}" };
    assert.deepEqual(withVersions("r", values, packages), { JAVA_VERSION: "17.0.21.1+2", A: "p5.36.0-${HOME} ${version:}" });
  });
  it("refuses a package that is not there", () => {
    assert.throws(() => withVersions("r", { A: "${version:ruby}" }, packages), {
      code: "RECIPE",
      message: 'Cannot use recipe "r": it asks for the version of "ruby", which is not in it',
    });
  });
});
