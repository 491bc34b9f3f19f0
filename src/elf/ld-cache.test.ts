import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { fc } from "../../test/support/property.ts";
import { elfFile } from "../../test/support/elf-file.ts";
import { formatLdCache, isOwnLdCache, parseLdCache } from "./ld-cache.ts";

const run = promisify(execFile);
const LDCONFIG = "/sbin/ldconfig";

/** What `ldconfig -p` shows of a cache: "libz.so.1 => /lib/libz.so.1". */
async function shown(cache: string): Promise<readonly string[]> {
  const { stdout } = await run(LDCONFIG, ["-p", "-C", cache], { maxBuffer: 64 * 1024 * 1024 });
  return [...stdout.matchAll(/^\t(\S+) \(.*\) => (.*)$/gm)].map(([, name, path]) => `${name} => ${path}`);
}

describe("parseLdCache()", () => {
  for (const format of ["new", "old", "compat"]) {
    it(`reads what ldconfig writes in the format "${format}" as ldconfig -p shows it`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-ldcache-"));
      await mkdir(join(folder.path, "lib"));
      await mkdir(join(folder.path, "etc"));
      for (const name of ["libone.so.1", "libtwo.so.2", "libthree.so.3.1"]) {
        await writeFile(join(folder.path, "lib", name), elfFile({ soname: name, needed: ["libc.so.6"] }));
      }
      const cache = join(folder.path, "etc/ld.so.cache");
      await run(LDCONFIG, ["-r", folder.path, "-c", format, "/lib"]);
      const libraries = parseLdCache(await readFile(cache), "little");
      const lines = libraries?.map(({ soname, path }) => `${soname} => ${path}`);
      assert.equal(lines?.length, 3);
      assert.deepEqual(lines, await shown(cache));
    });
  }

  it("reads what formatLdCache() writes, in the order of the file", () => {
    const libraries = ["libc.so.6", "libz.so.1", "libz.so.10"].map((soname) => ({ soname, path: `/lib/${soname}`, flags: 0x303 }));
    for (const endian of ["little", "big"] as const) {
      const bytes = formatLdCache(libraries, endian);
      assert.deepEqual(
        parseLdCache(bytes, endian),
        libraries.toReversed().map((one) => ({ ...one, needsCapabilities: false })),
      );
      assert.ok(isOwnLdCache(bytes));
    }
    assert.ok(!isOwnLdCache(Buffer.from("glibc-ld.so.cache1.1")));
  });

  it("gives undefined for what is no cache, and nothing outside the file", () => {
    assert.equal(parseLdCache(Buffer.from("hello"), "little"), undefined);
    const start = Buffer.alloc(48);
    start.write("glibc-ld.so.cache1.1");
    start.writeUInt32LE(1_000_000, 20);
    assert.equal(parseLdCache(start, "little"), undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("glibc-ld.so.cache1.1", "ld.so-1.7.0\0"), (bytes, magic) => {
        parseLdCache(Buffer.concat([Buffer.from(magic), bytes]), "little");
      }),
    );
  });
});
