import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseOsRelease } from "../facts/os-release.ts";
import { distroOf } from "./distro.ts";

describe("distroOf()", () => {
  const rows: readonly (readonly [release: string, want: string | undefined])[] = [
    ['ID=debian\nVERSION_ID="12"', "debian-12"],
    ["ID=debian\nVERSION_CODENAME=sid", "debian-sid"],
    ["ID='alpine'\nVERSION_ID=3.20.1", "alpine-3.20.1"],
    ["ID=arch", "arch"],
    ["NAME=x", undefined],
    ['ID="../x"', undefined],
  ];
  for (const [text, want] of rows)
    it(`gives ${want} for ${JSON.stringify(text)}`, () => assert.equal(distroOf(parseOsRelease(text)), want));
});
