import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { fc } from "../../test/support/property.ts";
import { bytesOf, collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { compress } from "./compress.ts";
import { compressedLayer } from "./compressed-layer.ts";
import { decompress, sniffCompression } from "./decompress.ts";
import { importLayerBlob } from "./import-layer.ts";
import { openLayer } from "./layer-store.ts";
import { failsWith, file, layerOf, run, temp, tempStore } from "./testdata/support.ts";
import { writeLayer } from "./write-layer.ts";

const MIXED = Buffer.concat([Buffer.alloc(1_500_000, "text that compresses "), randomBytes(2_500_000), Buffer.alloc(900_000, 0)]);

const FORMATS = [{ compression: "gzip", encoder: "zlib" }, { compression: "gzip", encoder: "isal" }, { compression: "zstd" }] as const;

for (const format of FORMATS) {
  const { compression } = format;
  const name = "encoder" in format ? `gzip by ${format.encoder}` : compression;
  test(`compress() makes ${name} that its own tools read`, async () => {
    await using at = await temp();
    const packed = await collect(compress(bytesOf(MIXED), { ...format, level: 3 }), 1e8);
    assert.ok(packed.byteLength < 2_600_000);
    writeFileSync(`${at.path}/in`, MIXED);
    writeFileSync(`${at.path}/out.${compression === "gzip" ? "gz" : "zst"}`, packed);
    if (compression === "gzip") {
      assert.deepEqual(gunzipSync(packed), MIXED);
      await run("gzip", "-t", `${at.path}/out.gz`);
      assert.deepEqual([...packed.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    } else assert.deepEqual(zstdDecompressSync(packed), MIXED);
  });

  test(`compress() with ${name} gives bytes that do not depend on how its input comes`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(MIXED.byteLength), { maxLength: 5 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), MIXED.byteLength];
        const source = async function* (): AsyncGenerator<Uint8Array> {
          for (let index = 1; index < at.length; index += 1) yield MIXED.subarray(at[index - 1], at[index]);
        };
        assert.equal(
          sha256(await collect(compress(source(), { ...format, level: 1 }), 1e8)),
          sha256(await collect(compress(bytesOf(MIXED), { ...format, level: 1 }), 1e8)),
        );
      }),
      { numRuns: 5 },
    );
  });

  test(`compress() with ${name} keeps nothing as nothing`, async () => {
    const packed = await collect(compress(bytesOf(""), { ...format, level: 3 }), 1e6);
    assert.equal((await collect(decompress(bytesOf(packed)), 10)).byteLength, 0);
    assert.equal(sniffCompression(packed), compression);
  });
}

for (const level of [0, 1, 6, 9]) {
  test(`compress() makes gzip of level ${level}`, async () => {
    assert.deepEqual(gunzipSync(await collect(compress(bytesOf(MIXED), { compression: "gzip", level }), 1e8)), MIXED);
  });
}

test("compress() stops its source when its consumer stops", async () => {
  let stopped = false;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield MIXED;
    } finally {
      stopped = true;
    }
  };
  for await (const chunk of compress(source(), { compression: "gzip", level: 1 })) if (chunk.byteLength > 100) break;
  assert.ok(stopped);
});

const HEADS: readonly (readonly [head: Buffer, want: string])[] = [
  [gzipSync("x"), "gzip"],
  [zstdCompressSync("x"), "zstd"],
  [Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 0, 0]), "zstd"],
  [Buffer.from("\xfd7zXZ\0\0\x04", "latin1"), "xz"],
  [Buffer.from("BZh91AY&SY", "latin1"), "bzip2"],
  [Buffer.from("BZh9 is the start of a text"), "none"],
  [Buffer.from("\x1f\x8b", "latin1"), "none"],
  [Buffer.from("usr/bin/"), "none"],
  [Buffer.alloc(0), "none"],
];

for (const [head, want] of HEADS) {
  test(`sniffCompression() takes ${JSON.stringify(head.subarray(0, 10).toString("latin1"))} for ${want}`, () => {
    assert.equal(sniffCompression(head), want);
  });
}

test("decompress() undoes every format, in chunks of any size", async () => {
  await using at = await temp();
  writeFileSync(`${at.path}/f`, MIXED.subarray(1_400_000, 1_700_000));
  const plain = readFileSync(`${at.path}/f`);
  await run("xz", "-k", `${at.path}/f`);
  await run("bzip2", "-k", `${at.path}/f`);
  const packed = [plain, gzipSync(plain), zstdCompressSync(plain), readFileSync(`${at.path}/f.xz`), readFileSync(`${at.path}/f.bz2`)];
  for (const bytes of packed) {
    for (const size of [3, 4096, bytes.byteLength]) {
      if (size === 3 && bytes.byteLength > 200_000) continue;
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
      };
      assert.equal(sha256(await collect(decompress(source()), 1e7)), sha256(plain));
    }
  }
});

test("decompress() refuses damaged data of every format", async () => {
  await using at = await temp();
  writeFileSync(`${at.path}/f`, MIXED.subarray(1_400_000, 1_700_000));
  await run("xz", "-k", `${at.path}/f`);
  await run("bzip2", "-k", `${at.path}/f`);
  const plain = readFileSync(`${at.path}/f`);
  // Without it zstd has nothing to tell damage by.
  const checked = zstdCompressSync(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  for (const bytes of [gzipSync(plain), checked, readFileSync(`${at.path}/f.xz`), readFileSync(`${at.path}/f.bz2`)]) {
    await assert.rejects(collect(decompress(bytesOf(bytes.subarray(0, 100_000))), 1e7), failsWith("ARCHIVE"));
    const damaged = Buffer.from(bytes);
    damaged.fill(0xaa, 50_000, 50_200);
    await assert.rejects(collect(decompress(bytesOf(damaged)), 1e7), failsWith("ARCHIVE"));
  }
});

test("decompress() bounds its output", async () => {
  await assert.rejects(collect(decompress(bytesOf(gzipSync(Buffer.alloc(1e6))), { maxBytes: 1000 }), 1e7), failsWith("BLOB_SIZE"));
});

test("compressedLayer() finds again what it made, by level", async () => {
  await using at = await tempStore();
  const layer = await layerOf(at.store, file("a", Buffer.alloc(100_000, "some text ")));
  const first = await compressedLayer(at.store, layer, { compression: "gzip" });
  assert.equal(first.mediaType, "application/vnd.oci.image.layer.v1.tar+gzip");
  let made = 0;
  const count = { onProgress: () => void (made += 1) };
  assert.deepEqual(await compressedLayer(at.store, layer, { compression: "gzip" }, count), first);
  assert.equal(made, 0);
  const best = await compressedLayer(at.store, layer, { compression: "gzip", level: 9 }, count);
  assert.notEqual(best.digest, first.digest);
  assert.ok(made > 0);
  assert.equal(sha256(gunzipSync(readFileSync(at.store.blobs.path(best.digest)))), layer.diffId);
  const zstd = await compressedLayer(at.store, layer, { compression: "zstd" });
  assert.equal(sha256(zstdDecompressSync(readFileSync(at.store.blobs.path(zstd.digest)))), layer.diffId);
  assert.deepEqual(await compressedLayer(at.store, layer, { compression: "uncompressed" }), {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: layer.diffId,
    size: at.store.blobs.size(layer.id),
  });
});

test("compressedLayer() refuses impossible levels", async () => {
  await using at = await tempStore();
  const layer = await layerOf(at.store, file("a", ""));
  await assert.rejects(compressedLayer(at.store, layer, { compression: "gzip", level: 10 }), failsWith("USAGE"));
  await assert.rejects(compressedLayer(at.store, layer, { compression: "zstd", level: 0 }), failsWith("USAGE"));
});

test("compressedLayer() keeps a pulled layer as it came, unless forced", async () => {
  await using made = await tempStore();
  const layer = await layerOf(made.store, file("a", "hello"));
  const tar = readFileSync(made.store.blobs.path(layer.id));
  const packed = gzipSync(tar, { level: 1 });
  await using at = await tempStore();
  const descriptor = { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", digest: sha256(packed), size: packed.byteLength };
  const pulled = await importLayerBlob(at.store, { descriptor, diffId: layer.id, open: () => bytesOf(packed) });
  assert.deepEqual(await compressedLayer(at.store, pulled, { compression: "zstd" }), descriptor);
  assert.deepEqual(await compressedLayer(at.store, pulled, { compression: "gzip", force: true }), descriptor);
  assert.match((await compressedLayer(at.store, pulled, { compression: "zstd", force: true })).mediaType, /zstd$/);
  assert.deepEqual(await compressedLayer(at.store, pulled, { compression: "gzip" }), descriptor);
});

test("compressedLayer() works from another process's records", async () => {
  await using at = await tempStore();
  const layer = await writeLayer(at.store, [file("a", "hello")]);
  const made = await compressedLayer(at.store, layer, { compression: "gzip" });
  const again = openLayer(at.store, layer.id);
  assert.ok(again !== undefined);
  at.store.blobs.remove(layer.id);
  // Only the compressed blob is left: contents come out of it.
  const data = await again.data(again.index.at(0));
  assert.equal(data.kind, "slice");
  assert.deepEqual(await compressedLayer(at.store, again, { compression: "gzip" }), made);
});
