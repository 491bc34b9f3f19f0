import assert from "node:assert/strict";
import { openSync, closeSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { elfFile, type ElfSpec } from "../../test/support/elf-file.ts";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { treePath } from "../paths.ts";
import { elfMachineOf, isForMachine, machineName } from "./machines.ts";
import { readElf } from "./read-elf.ts";
import { treeElfReader } from "./tree-reader.ts";
import type { ElfFile, ElfReader } from "./types.ts";

const TESTDATA = join(import.meta.dirname, "testdata");

function bytesReader(bytes: Uint8Array): ElfReader & { readonly reads: () => number } {
  let reads = 0;
  return {
    size: bytes.byteLength,
    reads: () => reads,
    async read(offset, length) {
      reads += 1;
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.byteLength, `read of ${length} bytes at ${offset}`);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** One line for what matters of a file. */
function summary(file: ElfFile | undefined): string {
  if (file === undefined) return "no ELF file";
  const word = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [`${name} ${value}`]);
  return [
    `${machineName(file)} ${file.type}`,
    ...(file.isPie ? ["pie"] : []),
    ...(file.isDynamic ? ["dynamic"] : []),
    ...word("interpreter", file.interpreter),
    ...word("soname", file.soname),
    ...file.needed.map((name) => `needs ${name}`),
    ...word("rpath", file.rpath),
    ...word("runpath", file.runpath),
    ...(file.noDefaultLibraries ? ["nodeflib"] : []),
    ...file.versionNeeds.flatMap(({ library, versions }) => versions.map(({ name, weak }) => `wants ${library}:${name}${weak ? "?" : ""}`)),
    ...file.versionDefinitions.map((name) => `has ${name}`),
  ].join(", ");
}

const ONE = "soname libone.so.1, rpath /opt/old, nodeflib, has ONE_1.0, has ONE_2.0";
const PROGRAM = "needs libone.so.1, runpath $ORIGIN/../lib, wants libone.so.1:ONE_1.0";

/** What readelf says of them, see testdata/README.md. */
const RECORDED: Readonly<Record<string, string>> = {
  "x86_64-lib": `amd64 shared, dynamic, ${ONE}`,
  "s390x-lib": `s390x shared, dynamic, ${ONE}`,
  "arm-lib": `arm shared, dynamic, ${ONE}`,
  "s390x-prog": `s390x shared, pie, dynamic, interpreter /lib/ld64.so.1, ${PROGRAM}`,
  "arm-prog": `arm shared, pie, dynamic, interpreter /lib/ld-linux-armhf.so.3, ${PROGRAM}`,
  "arm-static": "arm executable",
  "s390x-object": "s390x relocatable",
  "README.md": "no ELF file",
};

describe("readElf()", () => {
  for (const [name, want] of Object.entries(RECORDED)) {
    it(`reads ${name} as readelf does`, async () => {
      assert.equal(summary(await readElf(bytesReader(readFileSync(join(TESTDATA, name))))), want);
    });
  }

  it("reads the Node that runs this test, in few reads", async () => {
    const fd = openSync(process.execPath, "r");
    let reads = 0;
    const node = await readElf({
      size: statSync(process.execPath).size,
      async read(offset, length) {
        reads += 1;
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
      },
    });
    closeSync(fd);
    assert.ok(node !== undefined && node.interpreter?.startsWith("/lib"), summary(node));
    assert.ok(node.needed.includes("libc.so.6"));
    const libc = node.versionNeeds.find(({ library }) => library === "libc.so.6");
    assert.ok(libc?.versions.some(({ name }) => name.startsWith("GLIBC_2.")));
    assert.ok(reads < 20, `${reads} reads`);
  });

  it("gives undefined for an empty file and for one that is shorter than the magic", async () => {
    assert.equal(await readElf(bytesReader(Buffer.from(""))), undefined);
    assert.equal(await readElf(bytesReader(Buffer.from("\x7fEL"))), undefined);
  });

  it("reads what was written, of every class and byte order", async () => {
    const plain = { noNullPrototype: true };
    const name = fc.stringMatching(/^[a-z][a-z0-9._+-]{0,20}$/);
    const text = fc.option(fc.stringMatching(/^[a-zA-Z0-9$/:._-]{1,60}$/), { nil: undefined });
    const spec = fc.record(
      {
        class: fc.constantFrom(32 as const, 64 as const),
        endian: fc.constantFrom("little" as const, "big" as const),
        machine: fc.integer({ min: 0, max: 0xffff }),
        flags: fc.integer({ min: 0, max: 0xffff_ffff }),
        type: fc.constantFrom("executable" as const, "shared" as const),
        needed: fc.array(name, { maxLength: 6 }),
        interpreter: text,
        soname: text,
        rpath: text,
        runpath: text,
        noDefaultLibraries: fc.boolean(),
        isPie: fc.boolean(),
        versionNeeds: fc.array(
          fc.record(
            { library: name, versions: fc.array(fc.record({ name, weak: fc.boolean() }, plain), { minLength: 1, maxLength: 3 }) },
            plain,
          ),
          { maxLength: 3 },
        ),
        versionDefinitions: fc.array(name, { maxLength: 4 }),
      },
      plain,
    );
    await fc.assert(
      fc.asyncProperty(spec, async (values) => {
        const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ElfSpec;
        assert.deepEqual(await readElf(bytesReader(elfFile(given))), { ...given, isDynamic: true });
      }),
      { numRuns: 100 },
    );
  });

  const damaged: readonly (readonly [name: string, (bytes: Buffer) => Buffer, message: RegExp])[] = [
    ["a header that ends too early", (bytes) => bytes.subarray(0, 40), /the header would be at 0/],
    ["a class that does not exist", (bytes) => patched(bytes, 4, 3), /its class is 3/],
    ["a byte order that does not exist", (bytes) => patched(bytes, 5, 0), /its byte order is 0/],
    ["program headers of a wrong size", (bytes) => patched(bytes, 54, 57), /program headers are 57 bytes long/],
    ["program headers outside the file", (bytes) => patched(bytes, 39, 0x7f), /the program header table would be at/],
    ["more segments than Linux loads", (bytes) => patched(bytes, 57, 0xff), /segments; at most 1170/],
    ["a dynamic section outside the file", (bytes) => bytes.subarray(0, 0x140), /the dynamic section would be at/],
  ];
  for (const [name, damage, message] of damaged) {
    it(`refuses ${name}`, async () => {
      const bytes = damage(Buffer.from(elfFile({ interpreter: "/lib/ld.so", needed: ["libc.so.6"] })));
      await assert.rejects(readElf(bytesReader(bytes)), (error) => {
        assert.ok(isDecantError(error, "ELF"));
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("survives truncated and scribbled files: a result or the error ELF, and few reads", async () => {
    const whole = ["x86_64-lib", "s390x-prog", "arm-lib"].map((name) => readFileSync(join(TESTDATA, name)));
    const scribble = fc.array(fc.tuple(fc.nat(1700), fc.nat(255)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...whole), fc.option(fc.nat(2000), { nil: 5200 }), scribble, async (bytes, length, changes) => {
        const copy = Buffer.from(bytes.subarray(0, length));
        for (const [at, value] of changes) if (at < copy.byteLength) copy[at] = value;
        const reader = bytesReader(copy);
        try {
          await readElf(reader);
        } catch (error) {
          assert.ok(isDecantError(error, "ELF"), String(error));
        }
        assert.ok(reader.reads() <= 2);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads no more than 20000 records of versions", async () => {
    const versions = Array.from({ length: 20_000 }, () => ({ name: "A", weak: false }));
    const bytes = elfFile({ needed: ["a"], versionNeeds: [{ library: "a", versions }] });
    await assert.rejects(readElf(bytesReader(bytes)), { code: "ELF", message: /more than 20000 records/ });
  });
});

describe("treeElfReader()", () => {
  it("reads ranges of a file of a tree", async () => {
    const tree = memoryTree({ "bin/tool": "file 755 0:0 0123456789" });
    const entry = tree.lookup(treePath("bin/tool"));
    assert.ok(entry !== undefined);
    const reader = await treeElfReader(tree, entry);
    assert.equal(reader.size, 10);
    assert.equal(Buffer.from(await reader.read(3, 4)).toString(), "3456");
    assert.equal(Buffer.from(await reader.read(8, 4)).toString(), "89");
    assert.equal(Buffer.from(await reader.read(20, 4)).toString(), "");
  });
});

describe("elfMachineOf()", () => {
  const rows: readonly (readonly [architecture: string, variant: string | undefined, want: string | undefined])[] = [
    ["amd64", undefined, "x86_64-linux-gnu"],
    ["arm64", "v8", "aarch64-linux-gnu"],
    ["arm", "v7", "arm-linux-gnueabihf"],
    ["arm", "v5", "arm-linux-gnueabi"],
    ["s390x", undefined, "s390x-linux-gnu"],
    ["wasm", undefined, undefined],
  ];
  for (const [architecture, variant, want] of rows) {
    it(`knows ${architecture}${variant === undefined ? "" : `/${variant}`} as ${want}`, () => {
      const platform = { os: "linux", architecture, ...given({ variant }) };
      assert.equal(elfMachineOf(platform)?.triplet, want);
    });
  }

  it("tells files of another machine apart, by byte order too", () => {
    const machine = elfMachineOf({ os: "linux", architecture: "ppc64le" });
    assert.ok(machine !== undefined);
    assert.equal(isForMachine({ machine: 21, class: 64, endian: "little" }, machine), true);
    assert.equal(isForMachine({ machine: 21, class: 64, endian: "big" }, machine), false);
    assert.equal(machineName({ machine: 4183, class: 64, endian: "big" }), "machine 4183 (64-bit, big-endian)");
  });
});

function patched(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value;
  return bytes;
}
