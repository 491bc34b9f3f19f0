import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformMatches, platformRank } from "./platform.ts";

const HOST = hostPlatform({ arch: "x64" });

describe("parsePlatform()", () => {
  const rows: readonly { readonly input: string; readonly want: string }[] = [
    { input: "linux/amd64", want: "linux/amd64" },
    { input: "local", want: "linux/amd64" },
    { input: "linux/arm64/v8", want: "linux/arm64" },
    { input: "linux/arm64/8", want: "linux/arm64" },
    { input: "linux/arm64/v9", want: "linux/arm64/v9" },
    { input: "linux/aarch64", want: "linux/arm64" },
    { input: "linux/x86_64", want: "linux/amd64" },
    { input: "linux/x86-64/v1", want: "linux/amd64" },
    { input: "linux/amd64/v3", want: "linux/amd64/v3" },
    { input: "linux/i386", want: "linux/386" },
    { input: "linux/arm", want: "linux/arm/v7" },
    { input: "linux/arm/6", want: "linux/arm/v6" },
    { input: "linux/armhf", want: "linux/arm/v7" },
    { input: "linux/armel", want: "linux/arm/v6" },
    { input: "Linux/AMD64", want: "linux/amd64" },
    { input: "macos/arm64", want: "darwin/arm64" },
    { input: "arm64", want: "linux/arm64" },
    { input: "armhf", want: "linux/arm/v7" },
    { input: "windows", want: "windows/amd64" },
    { input: "windows(10.0.17763)/amd64", want: "windows(10.0.17763)/amd64" },
    { input: "windows(10.0.17763+win32k)/amd64", want: "windows(10.0.17763+win32k)/amd64" },
    { input: "linux/future", want: "linux/future" },
  ];
  for (const { input, want } of rows) {
    it(`reads "${input}" as ${want}`, () => assert.equal(formatPlatform(parsePlatform(input, HOST)), want));
  }

  for (const input of ["", "/", "linux/", "future", "linux/amd64/v1/x", "linux/a b", "linux amd64", "linux(/amd64"]) {
    it(`rejects "${input}"`, () => {
      assert.throws(
        () => parsePlatform(input, HOST),
        (error) => isDecantError(error, "PLATFORM"),
      );
    });
  }
});

describe("platformMatches()", () => {
  const rows: readonly { readonly want: string; readonly have: string; readonly matches: boolean }[] = [
    { want: "linux/amd64", have: "linux/amd64", matches: true },
    { want: "linux/amd64", have: "linux/arm64", matches: false },
    { want: "linux/amd64", have: "windows/amd64", matches: false },
    { want: "linux/amd64", have: "linux/386", matches: true },
    { want: "linux/386", have: "linux/amd64", matches: false },
    { want: "linux/amd64", have: "linux/amd64/v2", matches: false },
    { want: "linux/amd64/v3", have: "linux/amd64", matches: true },
    { want: "linux/arm64", have: "linux/arm64/v8", matches: true },
    { want: "linux/arm64", have: "linux/arm/v7", matches: true },
    { want: "linux/arm/v6", have: "linux/arm/v7", matches: false },
    { want: "linux/arm/v7", have: "linux/arm/v5", matches: true },
    { want: "linux/arm", have: "linux/arm/v7", matches: true },
    { want: "windows(10.0.17763.1)/amd64", have: "windows(10.0.17763.2)/amd64", matches: true },
    { want: "windows(10.0.17763.1)/amd64", have: "windows(10.0.20348.1)/amd64", matches: false },
    { want: "windows/amd64", have: "windows(10.0.20348+win32k)/amd64", matches: false },
  ];
  for (const { want, have, matches } of rows) {
    it(`${want} ${matches ? "takes" : "refuses"} ${have}`, () => {
      assert.equal(platformMatches(parsePlatform(want, HOST), parsePlatform(have, HOST)), matches);
    });
  }
});

it("platformRank() prefers the nearest variant", () => {
  const ranks = ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"].map((have) =>
    platformRank(parsePlatform("linux/arm/v7", HOST), parsePlatform(have, HOST)),
  );
  assert.deepEqual(ranks, [0, 1, 2]);
});

it("hostPlatform() maps Node's names", () => {
  assert.deepEqual(
    ["x64", "arm64", "arm", "ia32", "ppc64", "s390x", "riscv64"].map((arch) => formatPlatform(hostPlatform({ arch }))),
    ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x", "linux/riscv64"],
  );
});
