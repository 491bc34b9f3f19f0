import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { compareTreePaths, fromText } from "../paths.ts";
import { readTar } from "./tar-read.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { tarChunks } from "./tar-chunks.ts";
import { entry, failsWith, file, item, run, temp, tempStore } from "./testdata/support.ts";
import type { Entry } from "./types.ts";
import { writeLayer } from "./write-layer.ts";

async function tarOf(items: readonly LayerItem[], options: Parameters<typeof tarChunks>[1] = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tarChunks(items, options)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const LISTED: readonly { readonly name: string; readonly item: LayerItem; readonly want: RegExp }[] = [
  { name: "a file", item: file("a", "hello", { mode: 0o4755, uid: 1, gid: 2 }), want: /^-rwsr-xr-x 1\/2 +5 1970-01-01 00:16:40 a$/ },
  { name: "a directory with a slash", item: item("d", "dir"), want: /^drwxr-xr-x 0\/0 +0 .* d\/$/ },
  { name: "the root", item: item("", "dir"), want: /^drwxr-xr-x .* \.\/$/ },
  { name: "a symlink", item: item("s", "symlink", { link: "../x" }), want: /^lrwxrwxrwx .* s -> \.\.\/x$/ },
  { name: "a hard link", item: item("h", "hardlink", { link: "a/b" }), want: /^hrw-r--r-- .* h link to a\/b$/ },
  { name: "a device", item: item("c", "char", { major: 259, minor: 70_000 }), want: /^crw-r--r-- 0\/0 +259,70000 .* c$/ },
  { name: "a FIFO", item: item("p", "fifo"), want: /^prw-r--r-- .* p$/ },
  { name: "a whiteout", item: item("d/x", "whiteout"), want: /^---------- 0\/0 +0 1970-01-01 00:00:00 d\/\.wh\.x$/ },
  { name: "an opaque mark", item: item("d", "opaque"), want: /^---------- 0\/0 +0 1970-01-01 00:00:00 d\/\.wh\.\.wh\.\.opq$/ },
  { name: "a large owner", item: file("a", "", { uid: 4_000_000_000, gid: 3_000_000 }), want: /^-rw-r--r-- 4000000000\/3000000 / },
  { name: "a time before 1970", item: file("a", "", { mtimeSec: -5 }), want: / 1969-12-31 23:59:55 a$/ },
  { name: "a prefix", item: file(`${"p".repeat(100)}/${"n".repeat(100)}`, ""), want: / p{100}\/n{100}$/ },
  { name: "a name of 150 bytes", item: file("n".repeat(150), ""), want: / n{150}$/ },
  { name: "a long link", item: item("s", "symlink", { link: "t".repeat(150) }), want: / s -> t{150}$/ },
];

for (const { name, item: one, want } of LISTED) {
  test(`tarChunks() writes ${name} as GNU tar reads it`, async () => {
    await using at = await temp();
    writeFileSync(`${at.path}/t.tar`, await tarOf([one]));
    assert.match((await run("env", "TZ=UTC", "tar", "--full-time", "--numeric-owner", "-tvf", `${at.path}/t.tar`)).trimEnd(), want);
  });
}

test("tarChunks() writes only capabilities of all attributes, unless told", async () => {
  const xattrs = new Map([
    ["security.capability", Buffer.from([1, 0, 10])],
    ["user.x", Buffer.from("y")],
  ]);
  const tar = await tarOf([file("a", "", { xattrs })]);
  assert.ok(tar.includes("SCHILY.xattr.security.capability="));
  assert.ok(!tar.includes("user.x"));
  assert.ok((await tarOf([file("a", "", { xattrs })], { xattrs: () => true })).includes("SCHILY.xattr.user.x=y"));
});

test("tarChunks() uses PAX only where ustar cannot hold a value", async () => {
  const tar = await tarOf([item("d", "dir"), file("d/\u00e9".normalize(), "x"), file(`e${"/x".repeat(110)}`, "y")]);
  assert.ok(!tar.includes("PaxHeaders"));
});

test("tarChunks() refuses names that mean whiteouts", async () => {
  await assert.rejects(tarOf([file("d/.wh.x", "")]), failsWith("WHITEOUT"));
  await assert.rejects(tarOf([file(".wh.d/x", "")]), failsWith("WHITEOUT"));
});

test("tarChunks() takes the first bytes of a file that grew, and refuses one that shrank", async () => {
  await using at = await temp();
  const path = `${at.path}/f`;
  writeFileSync(path, "longer than it was");
  const host = { kind: "host", path: fromText(path) } as const;
  assert.ok((await tarOf([{ entry: entry("f", "file", { size: 6 }), data: host }])).includes("longer\0"));
  await assert.rejects(tarOf([{ entry: entry("f", "file", { size: 60 }), data: host }]), failsWith("CONTEXT"));
  writeFileSync(path, Buffer.alloc(300_000));
  await assert.rejects(tarOf([{ entry: entry("f", "file", { size: 300_001 }), data: host }]), failsWith("CONTEXT"));
});

test("tarChunks() keeps contents of every size around its buffers", async () => {
  await using at = await temp();
  const sizes = [0, 1, 511, 512, 513, 128 * 1024, 128 * 1024 + 1, 1024 * 1024 - 512, 1024 * 1024, 1024 * 1024 + 1, 3_000_000];
  const items = sizes.map((size, number) => {
    const bytes = Buffer.alloc(size, `${number}`.padStart(7, "x"));
    writeFileSync(`${at.path}/${number}`, bytes);
    const name = String(number).padStart(2, "0");
    return number % 2 === 0
      ? file(name, bytes)
      : { entry: entry(name, "file", { size }), data: { kind: "host", path: `${at.path}/${number}` } as const };
  });
  const tar = await tarOf(items);
  writeFileSync(`${at.path}/t.tar`, tar);
  await run("tar", "-C", at.path, "-xf", `${at.path}/t.tar`);
  for (const number of sizes.keys()) await run("cmp", `${at.path}/${number}`, `${at.path}/${String(number).padStart(2, "0")}`);
});

const name = fc.stringMatching(/^[a-z\u00e9 .-]{1,12}$/).filter((text) => text !== "." && text !== ".." && !text.startsWith(".wh."));
const path = fc
  .oneof(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(name, { minLength: 30, maxLength: 40 }))
  .map((parts) => parts.join("/") as TreePath);
const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    path,
    kind: fc.constantFrom("file", "dir", "symlink", "hardlink", "char", "fifo", "whiteout"),
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(70_000), fc.nat(0xfffffffe)),
    gid: fc.nat(3_000_000),
    size: fc.nat(2000),
    mtimeSec: fc.oneof(fc.nat(2 ** 31), fc.integer({ min: -(2 ** 35), max: 2 ** 36 })),
    link: fc.oneof(name, fc.stringMatching(/^[a-z]{1,200}$/)),
    capability: fc.option(fc.uint8Array({ maxLength: 24 })),
  })
  .map(({ capability, link, ...fields }) => {
    const { kind } = fields;
    const isWhiteout = kind === "whiteout";
    return {
      ...fields,
      ...(isWhiteout ? { mode: 0, uid: 0, gid: 0, mtimeSec: 0 } : {}),
      size: kind === "file" ? fields.size : 0,
      mtimeNsec: 0,
      ...(kind === "symlink" || kind === "hardlink" ? { link } : {}),
      ...(kind === "char" ? { major: 1, minor: 5 } : {}),
      ...(capability === null || isWhiteout || kind === "hardlink"
        ? {}
        : { xattrs: new Map([["security.capability", Buffer.from(capability)]]) }),
    };
  });

test("readTar() gives back what tarChunks() wrote", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyEntry, { selector: (one) => one.path, maxLength: 12 }), async (entries) => {
      const sorted = entries.toSorted((a, b) => compareTreePaths(a.path, b.path));
      const items = sorted.map((one): LayerItem =>
        one.kind === "file" ? { entry: one, data: { kind: "bytes", bytes: Buffer.alloc(one.size, one.path) } } : { entry: one },
      );
      const tar = await tarOf(items);
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < tar.byteLength; at += 700) yield tar.subarray(at, at + 700);
      };
      const found: Entry[] = [];
      for await (const { entry: one, data } of readTar(source(), { layer: true })) {
        found.push(one);
        if (one.kind === "file") assert.deepEqual(await collect(data, 1e6), Buffer.alloc(one.size, one.path));
      }
      assert.deepEqual(found, sorted);
    }),
    { numRuns: 200 },
  );
});

test("writeLayer() stores the tar under its digest, and an index with file digests", async () => {
  await using at = await tempStore();
  const layer = await writeLayer(at.store, [item("d", "dir"), file("d/a", "hello"), file("e", "")]);
  assert.ok(layer.diffId !== undefined);
  assert.equal(layer.id, layer.diffId);
  assert.equal(sha256(readFileSync(at.store.blobs.path(layer.diffId))), layer.diffId);
  assert.equal(layer.index.at(1).digest, sha256("hello"));
  assert.equal(layer.index.at(2).digest, sha256(""));
});

test("writeLayer() gives layers that differ in times only the same content digest", async () => {
  await using at = await tempStore();
  const one = await writeLayer(at.store, [file("a", "hello", { mtimeSec: 1 })]);
  const two = await writeLayer(at.store, [file("a", "hello", { mtimeSec: 2 })]);
  const three = await writeLayer(at.store, [file("a", "hello", { mtimeSec: 2, mode: 0o600 })]);
  assert.equal(one.contentDigest, two.contentDigest);
  assert.notEqual(one.id, two.id);
  assert.notEqual(two.contentDigest, three.contentDigest);
});

test("writeLayer() stops by its signal and leaves nothing", async () => {
  await using at = await tempStore();
  const stop = new AbortController();
  const items = function* (): Generator<LayerItem> {
    for (let number = 0; ; number += 1) {
      if (number === 50) stop.abort(new Error("enough"));
      yield file(String(number).padStart(9, "0"), Buffer.alloc(100_000));
    }
  };
  await assert.rejects(writeLayer(at.store, items(), { signal: stop.signal }), /enough/);
  assert.equal((await run("find", `${at.path}/store/blobs`, "-type", "f")).trim(), "");
});

test("writeLayer() refuses a host file that is not what was hashed for the cache key", async () => {
  await using at = await tempStore();
  const path = `${at.path}/f`;
  writeFileSync(path, "changed!");
  const { entry: plain } = file("f", "original");
  const hashed: LayerItem = { entry: { ...plain, digest: sha256("original") }, data: { kind: "host", path } };
  await assert.rejects(writeLayer(at.store, [hashed]), failsWith("CONTEXT"));
});
