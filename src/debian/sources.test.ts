import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { debianSources, snapshotUri, suiteUrl } from "./sources.ts";

describe("debianSources()", () => {
  it("takes updates and security with a release", () => {
    assert.deepEqual(
      debianSources("trixie", { debian: "http://mirror/debian/" }).map((one) => suiteUrl(one, "InRelease")),
      [
        "http://mirror/debian/dists/trixie/InRelease",
        "http://mirror/debian/dists/trixie-updates/InRelease",
        "http://deb.debian.org/debian-security/dists/trixie-security/InRelease",
      ],
    );
  });
  it("takes both archives as they were at a time", () => {
    assert.deepEqual(
      debianSources("trixie", { snapshot: "20260601T000000Z" }).map((one) => [one.uri, one.suite, one.asOf]),
      [
        ["https://snapshot.debian.org/archive/debian/20260601T000000Z", "trixie", "2026-06-01T00:00:00.000Z"],
        ["https://snapshot.debian.org/archive/debian/20260601T000000Z", "trixie-updates", "2026-06-01T00:00:00.000Z"],
        ["https://snapshot.debian.org/archive/debian-security/20260601T000000Z", "trixie-security", "2026-06-01T00:00:00.000Z"],
      ],
    );
  });
  for (const snapshot of ["2026-06-01", "20260601", "20261301T000000Z", "20260230T000000Z", "../../20260601T000000Z"]) {
    it(`refuses the time ${snapshot}`, () => {
      assert.throws(() => debianSources("trixie", { snapshot }), {
        code: "DEBIAN_ARCHIVE",
        message: /it is not a time; wanted one such as/,
      });
    });
  }
});

describe("snapshotUri()", () => {
  const time = new Date("2026-07-11T10:16:37Z");
  const rows = [
    { uri: "http://deb.debian.org/debian", want: "https://snapshot.debian.org/archive/debian/20260711T101637Z" },
    { uri: "https://mirror.example/pub/debian-security/", want: "https://snapshot.debian.org/archive/debian-security/20260711T101637Z" },
    { uri: "https://packages.adoptium.net/artifactory/deb", want: undefined },
  ];
  for (const row of rows) it(`says where ${row.uri} is kept`, () => assert.equal(snapshotUri(row.uri, time), row.want));
});

describe("suiteUrl()", () => {
  const rows = [
    { suite: "./", want: "http://a/b/InRelease" },
    { suite: "x86_64/", want: "http://a/b/x86_64/InRelease" },
  ];
  for (const row of rows) {
    it(`has no dists below the flat ${row.suite}`, () =>
      assert.equal(suiteUrl({ uri: "http://a/b", suite: row.suite, components: [] }, "InRelease"), row.want));
  }
});
