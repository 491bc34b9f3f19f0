import assert from "node:assert/strict";
import { createReadStream, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { collect } from "../bytes.ts";
import type { ErrorCode } from "../errors.ts";
import { toText } from "../paths.ts";
import { setXattr } from "../sys/index.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { readTar } from "./tar-read.ts";
import type { ReadTarOptions } from "./tar-read.ts";
import { indexDump } from "./testdata/tree-dump.ts";
import { failsWith, padded, paxHeader, rawHeader, rawTar, run, temp } from "./testdata/support.ts";

async function* chunks(bytes: Buffer, size = bytes.byteLength): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

/** Entries and contents, one a line, in the order of the archive. */
async function list(bytes: Buffer, options: ReadTarOptions & { readonly chunk?: number } = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const { entry, data } of readTar(chunks(bytes, options.chunk), options)) {
    const content = await collect(data, 1e9);
    const extra = [
      entry.link === undefined ? "" : ` -> ${toText(entry.link)}`,
      entry.major === undefined ? "" : ` ${entry.major}:${entry.minor}`,
      ...[...(entry.xattrs ?? [])].map(([name, value]) => ` ${name}=${Buffer.from(value).toString("latin1")}`),
      entry.kind === "file" ? ` "${content.byteLength > 40 ? content.byteLength : content.toString()}"` : "",
    ];
    lines.push(`/${toText(entry.path)} ${entry.kind}${extra.join("")}`);
  }
  return lines;
}

const FILE = Buffer.concat([rawHeader({ name: "a", size: 5 }), padded("hello")]);

const GOOD: readonly {
  readonly name: string;
  readonly tar: Buffer;
  readonly want: readonly string[];
  readonly options?: ReadTarOptions;
}[] = [
  { name: "a file", tar: rawTar(FILE), want: ['/a file "hello"'] },
  { name: "nothing at all", tar: Buffer.alloc(0), want: [] },
  { name: "only the end mark", tar: rawTar(), want: [] },
  { name: "no end mark", tar: FILE, want: ['/a file "hello"'] },
  { name: "garbage after the end mark", tar: Buffer.concat([rawTar(FILE), Buffer.from("garbage")]), want: ['/a file "hello"'] },
  { name: "leading ./ and /", tar: rawTar(rawHeader({ name: "./a" }), rawHeader({ name: "/b/c" })), want: ['/a file ""', '/b/c file ""'] },
  { name: ".. that stays inside", tar: rawTar(rawHeader({ name: "a/../b" })), want: ['/b file ""'] },
  {
    name: "nothing of the root, whatever it is called",
    tar: rawTar(
      rawHeader({ name: "./", type: "5" }),
      rawHeader({ name: "", size: 4 }),
      padded("junk"),
      rawHeader({ name: "/.", type: "2", link: "usr" }),
      rawHeader({ name: "a" }),
    ),
    want: ['/a file ""'],
  },
  { name: "an old directory", tar: rawTar(rawHeader({ name: "a/", magic: "" })), want: ["/a dir"] },
  { name: "a ustar prefix", tar: rawTar(rawHeader({ name: "b", prefix: "p/q" })), want: ['/p/q/b file ""'] },
  { name: "no prefix in GNU headers", tar: rawTar(rawHeader({ name: "b", magic: "ustar  \0", prefix: "\x0112" })), want: ['/b file ""'] },
  {
    name: "PAX path and link",
    tar: rawTar(paxHeader("path=long/\xff", "linkpath=to"), rawHeader({ type: "2" })),
    want: ["/long/\ufffd symlink -> to"],
  },
  {
    name: "PAX for one entry only",
    tar: rawTar(paxHeader("path=x"), rawHeader({ name: "a" }), rawHeader({ name: "b" })),
    want: ['/x file ""', '/b file ""'],
  },
  { name: "an empty PAX value", tar: rawTar(paxHeader("path=x", "path="), rawHeader({ name: "a" })), want: ['/a file ""'] },
  { name: "PAX attributes", tar: rawTar(paxHeader("SCHILY.xattr.user.x=1=2"), rawHeader({ name: "a" })), want: ['/a file user.x=1=2 ""'] },
  {
    name: "libarchive attributes",
    tar: rawTar(paxHeader("LIBARCHIVE.xattr.user.%78=aGk"), rawHeader({ name: "a" })),
    want: ['/a file user.x=hi ""'],
  },
  {
    name: "no overlayfs attributes",
    tar: rawTar(paxHeader("SCHILY.xattr.trusted.overlay.redirect=/"), rawHeader({ name: "a" })),
    want: ['/a file ""'],
  },
  {
    name: "a size on a link",
    tar: rawTar(rawHeader({ name: "l", type: "1", link: "a", size: 5 }), FILE),
    want: ["/l hardlink -> a", '/a file "hello"'],
  },
  {
    name: "a GNU long name",
    tar: rawTar(rawHeader({ type: "L", size: 4 }), padded("l/n\0"), rawHeader({ name: "short" })),
    want: ['/l/n file ""'],
  },
  { name: "a global header", tar: rawTar(rawHeader({ type: "g", size: 13 }), padded("13 comment=x\n"), FILE), want: ['/a file "hello"'] },
  { name: "a device", tar: rawTar(rawHeader({ name: "d", type: "3", major: 1, minor: 3 })), want: ["/d char 1:3"] },
  { name: "names like whiteouts as names", tar: rawTar(rawHeader({ name: ".wh.a" })), want: ['/.wh.a file ""'] },
  { name: "whiteouts in layers", tar: rawTar(rawHeader({ name: "d/.wh.a" })), want: ["/d/a whiteout"], options: { layer: true } },
  { name: "opaque marks in layers", tar: rawTar(rawHeader({ name: "d/.wh..wh..opq" })), want: ["/d opaque"], options: { layer: true } },
  { name: "aufs bookkeeping in layers", tar: rawTar(rawHeader({ name: ".wh..wh.plnk/1.2" })), want: [], options: { layer: true } },
  { name: "device 0:0 in layers", tar: rawTar(rawHeader({ name: "x", type: "3" })), want: ["/x whiteout"], options: { layer: true } },
];

for (const { name, tar, want, options } of GOOD) {
  test(`readTar() reads ${name}`, async () => {
    assert.deepEqual(await list(tar, options), want);
    assert.deepEqual(await list(tar, { ...options, chunk: 7 }), want);
  });
}

const BAD: readonly { readonly name: string; readonly tar: Buffer; readonly code: ErrorCode; readonly options?: ReadTarOptions }[] = [
  { name: "text", tar: Buffer.from("hello world\n".repeat(100)), code: "TAR" },
  { name: "a wrong checksum", tar: rawTar(rawHeader({ checksum: "000001\0 " })), code: "TAR" },
  { name: "a header that is cut off", tar: FILE.subarray(0, 300), code: "TAR" },
  { name: "content that is cut off", tar: FILE.subarray(0, 515), code: "TAR" },
  { name: "entries after a block of zeros", tar: Buffer.concat([Buffer.alloc(512), FILE]), code: "TAR" },
  { name: "a name that leaves the root", tar: rawTar(rawHeader({ name: "../a" })), code: "PATH_ESCAPE" },
  { name: "a hard link that leaves the root", tar: rawTar(rawHeader({ type: "1", link: "a/../../b" })), code: "PATH_ESCAPE" },
  { name: "a negative size", tar: rawTar(rawHeader({ size: `${"\xff".repeat(11)}\xfe` })), code: "TAR" },
  { name: "an enormous size", tar: rawTar(rawHeader({ size: `\x80${"\xff".repeat(11)}` })), code: "TAR" },
  { name: "a negative owner", tar: rawTar(rawHeader({ uid: Buffer.alloc(8, 0xff) })), code: "TAR" },
  { name: "letters in numbers", tar: rawTar(rawHeader({ size: "0000000zzzz" })), code: "TAR" },
  { name: "an unknown type", tar: rawTar(rawHeader({ type: "M" })), code: "TAR" },
  { name: "a symlink without target", tar: rawTar(rawHeader({ type: "2" })), code: "TAR" },
  { name: "a part of 256 bytes", tar: rawTar(paxHeader(`path=${"x".repeat(256)}`), rawHeader({})), code: "TAR" },
  { name: "a path of 5000 bytes", tar: rawTar(paxHeader(`path=${"x/".repeat(2500)}`), rawHeader({})), code: "TAR" },
  { name: "a NUL in a path", tar: rawTar(paxHeader("path=a\0b"), rawHeader({})), code: "TAR" },
  { name: "a PAX header of 2 MiB", tar: rawTar(rawHeader({ type: "x", size: 2 * 1024 * 1024 })), code: "TAR" },
  { name: "a PAX record with a wrong length", tar: rawTar(rawHeader({ type: "x", size: 9 }), padded("99 a=bcd\n"), FILE), code: "TAR" },
  { name: "a PAX record without value", tar: rawTar(rawHeader({ type: "x", size: 6 }), padded("6 abc\n"), FILE), code: "TAR" },
  { name: "a PAX size that is no number", tar: rawTar(paxHeader("size=-1"), rawHeader({})), code: "TAR" },
  { name: "a PAX header at the end", tar: rawTar(paxHeader("path=x")), code: "TAR" },
  { name: "more entries than allowed", tar: rawTar(FILE, FILE, FILE), code: "TAR", options: { maxEntries: 2 } },
  { name: "more content than allowed", tar: rawTar(FILE), code: "TAR", options: { maxContentBytes: 4 } },
  { name: "device 0:0 outside of layers", tar: rawTar(rawHeader({ type: "3" })), code: "TAR" },
  { name: "a whiteout of nothing", tar: rawTar(rawHeader({ name: "d/.wh." })), code: "WHITEOUT", options: { layer: true } },
  { name: "a whiteout of .", tar: rawTar(rawHeader({ name: ".wh.." })), code: "WHITEOUT", options: { layer: true } },
  { name: "a whiteout of ..", tar: rawTar(rawHeader({ name: "d/.wh..." })), code: "WHITEOUT", options: { layer: true } },
  { name: "files below a whiteout", tar: rawTar(rawHeader({ name: ".wh.d/x" })), code: "WHITEOUT", options: { layer: true } },
  {
    name: "a sparse map that overlaps",
    tar: rawTar(paxHeader("GNU.sparse.size=9", "GNU.sparse.map=0,3,2,3"), rawHeader({ size: 6 }), padded("abcdef")),
    code: "TAR",
  },
  {
    name: "a sparse file larger than allowed",
    tar: rawTar(paxHeader("GNU.sparse.size=900", "GNU.sparse.map=0,1"), rawHeader({ size: 1 }), padded("a")),
    code: "TAR",
    options: { maxContentBytes: 100 },
  },
];

for (const { name, tar, code, options } of BAD) {
  test(`readTar() refuses ${name}`, async () => {
    await assert.rejects(list(tar, options), failsWith(code));
    await assert.rejects(list(tar, { ...options, chunk: 100 }), failsWith(code));
  });
}

test("readTar() passes over what was not read", async () => {
  const names: string[] = [];
  for await (const { entry } of readTar(chunks(rawTar(FILE, FILE, rawHeader({ name: "b" })), 600))) names.push(entry.path);
  assert.deepEqual(names, ["a", "a", "b"]);
});

for (const format of ["v7", "ustar", "gnu", "pax"]) {
  test(`readTar() agrees with GNU tar, format ${format}`, async () => {
    await using at = await temp();
    const root = `${at.path}/in`;
    mkdirSync(`${root}/sub/deep`, { recursive: true });
    writeFileSync(`${root}/sub/file`, "content", { mode: 0o4755 });
    writeFileSync(`${root}/sub/empty`, "");
    symlinkSync("../target", `${root}/sub/link`);
    linkSync(`${root}/sub/file`, `${root}/sub/second`);
    if (format === "gnu" || format === "pax") {
      const long = `${"long-".repeat(30)}name`;
      writeFileSync(`${root}/sub/${long}`, "x");
      writeFileSync(`${root}/sub/n\u00e4me`, "y");
      symlinkSync("t".repeat(150), `${root}/sub/longlink`);
      setXattr(`${root}/sub/file`, "user.test", Buffer.from([0, 10, 61]));
    }
    await run(
      "tar",
      "-C",
      root,
      `--format=${format}`,
      "--sort=name",
      "--xattrs",
      "--mtime=@5.25",
      "--owner=7",
      "--group=8",
      "-cf",
      `${at.path}/t.tar`,
      ".",
    );
    const builder = createIndexBuilder();
    for await (const { entry } of readTar(createReadStream(`${at.path}/t.tar`, { highWaterMark: 1000 }))) builder.add(entry, NO_DATA);
    const { index } = builder.finish();
    const dump = indexDump(index);
    assert.match(dump, /^\/sub\/file: file 4755 7:8/m);
    assert.match(dump, /^\/sub\/second: hardlink = \/sub\/file/m);
    assert.match(dump, /^\/sub\/link: link 7:8 -> \.\.\/target$/m);
    assert.match(dump, /^\/sub\/deep: dir 0755 7:8$/m);
    assert.equal(index.count, format === "gnu" || format === "pax" ? 9 : 6);
    if (format === "pax") {
      const found = index.at(index.find("sub/file" as Parameters<typeof index.find>[0]));
      assert.deepEqual([found.mtimeSec, found.mtimeNsec], [5, 250_000_000]);
      assert.deepEqual(
        [...(found.xattrs ?? [])].map(([name, value]) => [name, [...value]]),
        [["user.test", [0, 10, 61]]],
      );
    }
  });
}

for (const format of ["gnu", "posix", "posix --sparse-version=0.0", "posix --sparse-version=0.1"]) {
  test(`readTar() reads sparse files of GNU tar, format ${format}`, async () => {
    await using at = await temp();
    const path = `${at.path}/sparse`;
    writeFileSync(path, "");
    for (let piece = 0; piece < 60; piece += 1) {
      writeFileSync(path, `piece ${piece}`, { flag: "a" });
      truncateSync(path, (piece + 1) * 200_000);
    }
    await run(
      "tar",
      "-C",
      at.path,
      `--format=${format.split(" ")[0]}`,
      ...format.split(" ").slice(1),
      "-S",
      "-cf",
      `${at.path}/t.tar`,
      "sparse",
    );
    let content: Uint8Array = new Uint8Array(0);
    for await (const { entry, data } of readTar(createReadStream(`${at.path}/t.tar`))) {
      assert.equal(entry.path, "sparse");
      content = await collect(data, 1e8);
      assert.equal(entry.size, content.byteLength);
    }
    writeFileSync(`${path}.read`, content);
    await run("cmp", path, `${path}.read`);
  });
}

test("readTar() never fails but by its own errors", async () => {
  const base = rawTar(
    paxHeader("path=x", "mtime=1.5"),
    FILE,
    rawHeader({ name: "d/", type: "5" }),
    rawHeader({ name: "l", type: "1", link: "x" }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(base.byteLength - 1), fc.nat(255)), { maxLength: 6 }),
      fc.integer({ min: 1, max: 2000 }),
      async (edits, chunk) => {
        const bytes = Buffer.from(base);
        for (const [at, value] of edits) bytes[at] = value;
        try {
          await list(bytes, { chunk, layer: true });
        } catch (error) {
          assert.ok(
            error instanceof Error && "code" in error && ["TAR", "PATH_ESCAPE", "WHITEOUT"].includes(String(error.code)),
            String(error),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
