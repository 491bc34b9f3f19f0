import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PROGRAM_NAMES, programName } from "./program-names.ts";

describe("PROGRAM_NAMES", () => {
  it("has each name once", () => {
    const names = Object.values(PROGRAM_NAMES).flatMap((lines) => lines.flatMap((line) => line.split(" ")));
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
    assert.ok(names.every((name) => /^[a-z0-9+.-]+$/.test(name)));
  });
});

describe("programName()", () => {
  const rows: readonly (readonly [file: string, want: string | undefined])[] = [
    ["gcc", "compiler gcc"],
    ["gcc-12", "compiler gcc"],
    ["x86_64-linux-gnu-g++-12", "compiler gcc"],
    ["aarch64-alpine-linux-musl-gcc", "compiler gcc"],
    ["clang++-19.1", "compiler clang"],
    ["cc1", "compiler gcc"],
    ["ld.gold", "compiler binutils"],
    ["pip3.13", "package-manager pip"],
    ["pip3", "package-manager pip"],
    ["npx", "package-manager npm"],
    ["apt", "package-manager apt-get"],
    ["cargo", "package-manager cargo"],
    ["ksh93", "shell ksh"],
    ["zsh-5.9", undefined],
    ["going", undefined],
    ["npm-cli.js", undefined],
    ["", undefined],
    ["-1", undefined],
  ];
  for (const [file, want] of rows)
    it(`gives ${want ?? "nothing"} for "${file}"`, () => {
      const found = programName(file);
      assert.equal(found === undefined ? undefined : `${found.kind} ${found.tool}`, want);
    });

  it("is not slowed by hostile names", () => {
    for (const part of ["a-", "_", "1.", "-1", "gnu-"]) assert.equal(programName(`${part.repeat(100_000)}x1`), undefined);
  });
});
