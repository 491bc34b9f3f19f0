import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { elfFile } from "../../test/support/elf-file.ts";
import { elfMachineOf } from "../elf/index.ts";
import { given } from "../given.ts";
import { hostTree } from "../tree/index.ts";
import { ldConf } from "./ld-conf.ts";
import { findLibraries } from "./ldconfig.ts";

const machine = elfMachineOf({ os: "linux", architecture: "amd64" });
assert.ok(machine);
const library = (soname?: string): Buffer => elfFile({ type: "shared", machine: 62, ...given({ soname }) });

/** What the cache would have of files; a text is the target of a link. */
async function found(files: Readonly<Record<string, Buffer | string>>): Promise<string[]> {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-libraries-"));
  for (const [path, content] of Object.entries(files)) {
    const place = join(dir.path, path);
    await mkdir(dirname(place), { recursive: true });
    await (typeof content === "string" ? symlink(content, place) : writeFile(place, content));
  }
  assert.ok(machine);
  return (await findLibraries(hostTree(dir.path), machine, { conf: ldConf(machine) })).map(
    ({ soname, path, flags }) => `${soname} ${flags.toString(16)} ${path}`,
  );
}

describe("findLibraries()", () => {
  it("names libraries by their soname, and by their file where they have none", async () => {
    const files = { "usr/lib/liba.so.1.2": library("liba.so.1"), "usr/lib/liba.so.1": "liba.so.1.2", "usr/lib/libplain.so": library() };
    assert.deepEqual(await found(files), ["liba.so.1 303 /usr/lib/liba.so.1", "libplain.so 303 /usr/lib/libplain.so"]);
  });
  it("takes the newer of two files with one soname", async () => {
    const files = { "usr/lib/liba.so.1.9": library("liba.so.1"), "usr/lib/liba.so.1.10": library("liba.so.1") };
    assert.deepEqual(await found(files), ["liba.so.1 303 /usr/lib/liba.so.1.10"]);
  });
  it("has links for ld(1) under their own name", async () => {
    const files = { "lib/liba.so.1": library("liba.so.1"), "lib/liba.so": "liba.so.1", "lib/libother.so": "/lib/liba.so.1" };
    assert.deepEqual(await found(files), ["liba.so 303 /lib/liba.so", "liba.so.1 303 /lib/liba.so.1"]);
  });
  it("looks into local directories, those of packages, and a merged /usr once", async () => {
    const files = {
      lib: "usr/lib",
      "usr/lib/x86_64-linux-gnu/libc.so.6": library("libc.so.6"),
      "usr/local/lib/libl.so.1": library("libl.so.1"),
      "usr/local/lib/x86_64-linux-gnu/libt.so.1": library("libt.so.1"),
      "opt/fake/libf.so.1": library("libf.so.1"),
      "etc/ld.so.conf.d/fake.conf": Buffer.from("# ours\n/opt/fake/ # here\n"),
      "etc/ld.so.conf.d/README": Buffer.from("/usr/secret\n"),
    };
    assert.deepEqual(await found(files), [
      "libl.so.1 303 /usr/local/lib/libl.so.1",
      "libt.so.1 303 /usr/local/lib/x86_64-linux-gnu/libt.so.1",
      "libf.so.1 303 /opt/fake/libf.so.1",
      "libc.so.6 303 /lib/x86_64-linux-gnu/libc.so.6",
    ]);
  });
  it("passes over what is no library of this architecture", async () => {
    const files = {
      "lib/libtext.so": Buffer.from("INPUT(libc.so.6)"),
      "lib/libarm.so.1": elfFile({ type: "shared", machine: 183, soname: "libarm.so.1" }),
      "lib/libstatic.so": elfFile({ isStatic: true, machine: 62 }),
      "lib/other.so": library("other.so"),
      "lib/libloop.so": "libloop.so",
      "lib/libgone.so": "gone",
      "lib/libcut.so": library("libcut.so").subarray(0, 100),
      "lib/libdir.so/x": library(),
      "lib/libslash.so": library("../x"),
    };
    assert.deepEqual(await found(files), []);
  });
});
