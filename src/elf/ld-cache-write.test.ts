import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { type CachedLibrary, compareLibraryNames, formatLdCache } from "./ld-cache.ts";

/** Reads the file as a loader does: entries by position, strings by their offsets from the start. */
function show(bytes: Buffer): string[] {
  const isLittle = bytes[28] === 2;
  const u32 = (at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const text = (at: number): string => bytes.toString("latin1", at, bytes.indexOf(0, at));
  assert.equal(bytes.toString("latin1", 0, 20), "glibc-ld.so.cache1.1");
  const extension = u32(32);
  const generator = bytes.toString("latin1", u32(extension + 16), u32(extension + 16) + u32(extension + 20));
  return [
    ...Array.from({ length: u32(20) }, (_, at) => {
      const entry = 48 + at * 24;
      return `${text(u32(entry + 4))} ${u32(entry).toString(16)} ${text(u32(entry + 8))}`;
    }),
    `strings ${u32(24)}, ${u32(extension).toString(16)} ${u32(extension + 4)} ${generator}`,
  ];
}

const libraries: CachedLibrary[] = [
  { soname: "libz.so.1", path: "/usr/local/lib/libz.so.1", flags: 0x303 },
  { soname: "libc.so.6", path: "/lib/libc.so.6", flags: 0x303 },
  { soname: "libz.so.1", path: "/lib/libz.so.1", flags: 0x303 },
  { soname: "libodd.so.2", path: "/lib/odd", flags: 3 },
];

describe("formatLdCache()", () => {
  for (const endian of ["little", "big"] as const)
    it(`sorts downwards, keeps the order of equal sonames, and shares strings (${endian}-endian)`, () => {
      assert.deepEqual(show(formatLdCache(libraries, endian)), [
        "libz.so.1 303 /usr/local/lib/libz.so.1",
        "libz.so.1 303 /lib/libz.so.1",
        "libodd.so.2 3 /lib/odd",
        "libc.so.6 303 /lib/libc.so.6",
        "strings 76, eaa42174 1 decant",
      ]);
    });
  it("gives the same bytes whatever the order of different sonames", () => {
    const [a, b, c, d] = libraries;
    assert.ok(a && b && c && d);
    assert.deepEqual(formatLdCache([d, a, c, b], "little"), formatLdCache(libraries, "little"));
  });
});

/** As the loader does: entries fall; a match may have others of its name around it. */
function search(entries: readonly string[], soname: string): string | undefined {
  let left = 0;
  let right = entries.length - 1;
  while (left <= right) {
    const middle = (left + right) >> 1;
    const [key = "", , path] = (entries[middle] ?? "").split(" ");
    const order = compareLibraryNames(soname, key);
    if (order === 0) {
      const first = entries.find((entry) => entry.startsWith(`${soname} `));
      return first?.split(" ")[2] ?? path;
    }
    if (order < 0) left = middle + 1;
    else right = middle - 1;
  }
  return undefined;
}

describe("a loader", () => {
  it("finds every library, and nothing else", () => {
    const soname = fc.stringMatching(/^lib[a-c.0-9-]{0,6}\.so(?:\.[0-9]{1,3})?$/);
    fc.assert(
      fc.property(fc.uniqueArray(soname, { maxLength: 40 }), soname, (sonames, other) => {
        const entries = show(
          formatLdCache(
            sonames.map((name) => ({ soname: name, path: `/lib/${name}`, flags: 0x303 })),
            "little",
          ),
        ).slice(0, -1);
        for (const name of sonames) assert.equal(compareLibraryNames(name, search(entries, name)?.slice(5) ?? ""), 0);
        if (!sonames.some((name) => compareLibraryNames(name, other) === 0)) assert.equal(search(entries, other), undefined);
      }),
    );
  });
});

describe("compareLibraryNames()", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["libc.so", "libc.so.6"],
    ["libc.so.6", "libc.so.10"],
    ["libc-x.so", "libc.so"],
    ["liba.so.1.2", "liba.so.1.10"],
    ["libx.so", "lib1.so"],
    ["liba.so.1", "liba.so.1.0"],
  ];
  for (const [lower, higher] of rows)
    it(`puts ${lower} below ${higher}`, () => {
      assert.ok(compareLibraryNames(lower, higher) < 0);
      assert.ok(compareLibraryNames(higher, lower) > 0);
      assert.equal(compareLibraryNames(lower, lower), 0);
    });
});
