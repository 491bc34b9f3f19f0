import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachineOf } from "../elf/index.ts";
import { libcOfLoader, muslLoader } from "./libc.ts";

const ROWS: readonly (readonly [path: string, want: string | undefined])[] = [
  ["/lib/ld-musl-x86_64.so.1", "musl"],
  ["libc.musl-aarch64.so.1", "musl"],
  ["/nix/store/x/lib/ld-linux-x86-64.so.2", "glibc"],
  ["/libexec/ld-elf.so.1", undefined],
  ["libc.so.6", undefined],
  ["", undefined],
];
for (const [path, want] of ROWS) test(`libcOfLoader() gives ${want} for "${path}"`, () => assert.equal(libcOfLoader(path), want));

test("libcOfLoader() knows the loaders of every architecture", () => {
  for (const architecture of ["amd64", "386", "arm64", "arm", "ppc64le", "ppc64", "riscv64", "s390x", "loong64", "mips", "mips64le"]) {
    const machine = elfMachineOf({ os: "linux", architecture });
    assert.ok(machine !== undefined);
    assert.deepEqual([libcOfLoader(machine.glibcLoader), libcOfLoader(muslLoader(machine))], ["glibc", "musl"], architecture);
  }
});
