import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { ByteStream } from "../bytes.ts";
import { bytesOf } from "../bytes.ts";
import type { DiffId } from "../digest.ts";
import { sha256 } from "../digest.ts";
import { treePath } from "../paths.ts";
import { getXattr } from "../sys/index.ts";
import { compressedLayer } from "./compressed-layer.ts";
import { readTreeFile } from "./data.ts";
import type { ImportOptions } from "./import-layer.ts";
import { importLayerBlob, importLayerTar } from "./import-layer.ts";
import { findLayer, openLayer } from "./layer-store.ts";
import { layerTar } from "./layer-tar.ts";
import { layerTree } from "./layer-tree.ts";
import type { TempStore } from "./testdata/support.ts";
import { failsWith, file, item, layerOf, padded, paxHeader, rawHeader, rawTar, run, temp, tempStore } from "./testdata/support.ts";
import { indexDump, treeDump } from "./testdata/tree-dump.ts";
import type { Layer } from "./types.ts";
import { unpackLayers } from "./unpack-layer.ts";

const TAR = rawTar(
  rawHeader({ name: "d/", type: "5" }),
  rawHeader({ name: "d/a", size: 5 }),
  padded("hello"),
  rawHeader({ name: "d/z", type: "1", link: "d/a" }),
  rawHeader({ name: "d/l", type: "2", link: "/etc" }),
  rawHeader({ name: "d/.wh.gone" }),
  rawHeader({ name: "e" }),
);
const DUMP =
  "/d: dir 0644 0:0\n/d/a: file 0644 0:0 2cf24dba\n/d/gone: whiteout\n/d/l: link -> /etc\n/d/z: hardlink = /d/a\n/e: file 0644 0:0 e3b0c442\n";
const SKIP = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from("toc")]);

function blob(bytes: Buffer, diffId: DiffId, open: () => ByteStream = () => bytesOf(bytes)): Parameters<typeof importLayerBlob>[1] {
  return {
    descriptor: { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: sha256(bytes), size: bytes.byteLength },
    diffId,
    open,
  };
}

function importBytes(at: TempStore, bytes: Buffer, options?: ImportOptions): Promise<Layer> {
  return importLayerBlob(at.store, blob(bytes, sha256(TAR)), options);
}

const PACKED: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["a gzip blob", gzipSync(TAR)],
  ["a gzip blob of two members", Buffer.concat([gzipSync(TAR.subarray(0, 700)), gzipSync(TAR.subarray(700))])],
  ["a zstd blob", zstdCompressSync(TAR)],
  ["an uncompressed blob", TAR],
  // podman's zstd:chunked ends with skippable frames, and has one for each file; pzstd begins each frame with one.
  ["R2: a zstd blob of frames and skippable frames", Buffer.concat([SKIP, framed(0, 512), framed(0, 0), SKIP, framed(512), SKIP])],
  [
    "R2: a zstd blob with a frame for each block",
    Buffer.concat(Array.from({ length: TAR.byteLength / 512 }, (_, at) => framed(at * 512, at * 512 + 512))),
  ],
  ["R2: a gzip blob with an empty member", Buffer.concat([gzipSync(TAR.subarray(0, 512)), gzipSync(""), gzipSync(TAR.subarray(512))])],
];

function framed(start: number, end?: number): Buffer {
  return zstdCompressSync(TAR.subarray(start, end));
}

for (const [name, bytes] of PACKED) {
  test(`importLayerBlob() indexes ${name} and keeps it`, async () => {
    await using at = await tempStore();
    const layer = await importBytes(at, bytes);
    assert.equal(layer.id, sha256(TAR));
    assert.equal(indexDump(layer.index), DUMP);
    assert.equal(at.store.blobs.size(sha256(bytes)), bytes.byteLength);
    assert.equal(findLayer(at.store, sha256(TAR))?.id, layer.id);
    assert.equal((await readTreeFile(layerTree([layer]), treePath("d/z"), 10)).toString(), "hello");
    const again = await compressedLayer(at.store, layer, { compression: bytes === TAR ? "uncompressed" : "gzip" });
    assert.equal(again.digest, sha256(bytes));
  });
}

test("importLayerBlob() does not open what is here", async () => {
  await using at = await tempStore();
  const layer = await importBytes(at, gzipSync(TAR));
  const none = (): ByteStream => {
    throw new Error("opened");
  };
  assert.equal((await importLayerBlob(at.store, blob(gzipSync(TAR), sha256(TAR), none))).id, layer.id);
});

test("importLayerBlob() joins calls for one layer", async () => {
  await using at = await tempStore();
  let opened = 0;
  const bytes = gzipSync(TAR);
  const source = blob(bytes, sha256(TAR), () => {
    opened += 1;
    return bytesOf(bytes);
  });
  const layers = await Promise.all([importLayerBlob(at.store, source), importLayerBlob(at.store, source)]);
  assert.equal(layers[0].id, layers[1].id);
  assert.equal(opened, 1);
});

const packed = gzipSync(TAR);
const LIES: readonly {
  readonly name: string;
  readonly source: Parameters<typeof importLayerBlob>[1];
  readonly code: Parameters<typeof failsWith>[0];
}[] = [
  { name: "another diffId", source: blob(packed, sha256("x")), code: "BLOB_DIGEST" },
  {
    name: "another digest",
    source: { ...blob(packed, sha256(TAR)), descriptor: { mediaType: "", digest: sha256("x"), size: packed.byteLength } },
    code: "BLOB_DIGEST",
  },
  { name: "fewer bytes", source: blob(packed, sha256(TAR), () => bytesOf(packed.subarray(0, -10))), code: "BLOB_SIZE" },
  { name: "more bytes", source: blob(packed, sha256(TAR), () => bytesOf(Buffer.concat([packed, packed]))), code: "BLOB_SIZE" },
  {
    name: "damaged compression",
    source: blob(Buffer.concat([packed.subarray(0, 40), Buffer.alloc(100, 7)]), sha256(TAR)),
    code: "ARCHIVE",
  },
  {
    name: "R2: garbage behind the compressed tar",
    source: blob(Buffer.concat([packed, Buffer.from("garbage")]), sha256(TAR)),
    code: "ARCHIVE",
  },
  { name: "no tar", source: blob(gzipSync("hello".repeat(1000)), sha256(TAR)), code: "TAR" },
  {
    name: "a path that leaves",
    source: blob(rawTar(rawHeader({ name: "../x" })), sha256(rawTar(rawHeader({ name: "../x" })))),
    code: "PATH_ESCAPE",
  },
];

for (const { name, source, code } of LIES) {
  test(`importLayerBlob() refuses ${name} and publishes nothing`, async () => {
    await using at = await tempStore();
    for (const unpack of [false, true]) await assert.rejects(importLayerBlob(at.store, source, { unpack }), failsWith(code));
    assert.equal(findLayer(at.store, source.diffId), undefined);
    assert.equal((await run("find", `${at.path}/store/blobs`, `${at.path}/store/dirs`, "-type", "f")).trim(), "");
  });
}

test("importLayerBlob() bounds what a blob becomes", async () => {
  await using at = await tempStore();
  const bomb = gzipSync(rawTar(rawHeader({ name: "zeros", size: 50_000_000 }), Buffer.alloc(50_000_256)));
  await assert.rejects(importLayerBlob(at.store, blob(bomb, sha256("x")), { maxBytes: 1_000_000 }), failsWith("BLOB_SIZE"));
});

test("importLayerBlob() passes the failure of its source on", async () => {
  await using at = await tempStore();
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield packed.subarray(0, 50);
    throw new Error("connection lost");
  };
  await assert.rejects(importLayerBlob(at.store, blob(packed, sha256(TAR), failing)), /connection lost/);
});

test("importLayerTar() takes a tar in any compression", async () => {
  await using folder = await temp();
  writeFileSync(`${folder.path}/t`, TAR);
  await run("xz", "-k", `${folder.path}/t`);
  await run("bzip2", "-k", `${folder.path}/t`);
  for (const bytes of [
    TAR,
    gzipSync(TAR),
    zstdCompressSync(TAR),
    readFileSync(`${folder.path}/t.xz`),
    readFileSync(`${folder.path}/t.bz2`),
  ]) {
    await using at = await tempStore();
    const layer = await importLayerTar(at.store, bytesOf(bytes));
    assert.equal(layer.diffId, sha256(TAR));
    assert.equal(indexDump(layer.index), DUMP);
    assert.equal(sha256(readFileSync((await layerTar(at.store, layer)).path)), sha256(TAR));
  }
});

test("R2: importLayerTar() of an archive passes over what follows its end mark, and keeps what is read", async () => {
  for (const bytes of [
    Buffer.concat([gzipSync(TAR), Buffer.from("garbage")]),
    Buffer.concat([zstdCompressSync(TAR), Buffer.from("garbage")]),
    Buffer.concat([TAR, Buffer.from("garbage")]),
  ]) {
    await using at = await tempStore();
    const layer = await importLayerTar(at.store, bytesOf(bytes), { archive: true });
    assert.equal(indexDump(layer.index), DUMP);
    assert.equal((await readTreeFile(layerTree([layer]), treePath("d/a"), 100)).toString(), "hello");
    if (bytes[0] !== TAR[0]) await assert.rejects(importLayerTar(at.store, bytesOf(bytes)), failsWith("ARCHIVE"));
  }
  await using at = await tempStore();
  const halves = [gzipSync(TAR.subarray(0, 1024)), Buffer.from("garbage"), gzipSync(TAR.subarray(1024))];
  await assert.rejects(importLayerTar(at.store, bytesOf(Buffer.concat(halves)), { archive: true }), failsWith("ARCHIVE"));
});

for (const unpack of [false, true]) {
  test(`${unpack ? "importLayerBlob() with unpack" : "unpackLayers()"} makes a directory in overlayfs form`, async () => {
    await using at = await tempStore();
    const layer = await importBytes(at, gzipSync(TAR), { unpack });
    assert.equal(existsSync(`${at.path}/store/dirs/layer-fs`) && readdirSync(`${at.path}/store/dirs/layer-fs`).length === 1, unpack);
    const [path = ""] = await unpackLayers(at.store, [layer]);
    // A whiteout has no time of its own.
    const listed = await run("find", path, "-mindepth", "1", "!", "-type", "c", "-printf", "/%P %y %m %n %Ts [%l]\\n");
    assert.deepEqual(listed.trimEnd().split("\n").toSorted(), [
      "/d d 644 2 1000 []",
      "/d/a f 644 2 1000 []",
      "/d/l l 777 1 1000 [/etc]",
      "/d/z f 644 2 1000 []",
      "/e f 644 1 1000 []",
    ]);
    assert.equal(readFileSync(`${path}/d/z`, "utf8"), "hello");
    assert.equal(lstatSync(`${path}/d/gone`).rdev, 0);
    assert.deepEqual(await unpackLayers(at.store, [layer]), [path]);
  });
}

test("unpackLayers() keeps owners, modes, attributes and nanoseconds against any umask", async () => {
  await using at = await tempStore();
  const before = process.umask(0o077);
  try {
    const layer = await layerOf(
      at.store,
      item("d", "dir", { mode: 0o2775, uid: 5, gid: 6, mtimeSec: 7, mtimeNsec: 8, opaque: true }),
      file("d/f", "x", { mode: 0o4711, uid: 1, gid: 2, mtimeSec: 3, mtimeNsec: 4, xattrs: new Map([["user.x", Buffer.from("y")]]) }),
      item("d/o", "opaque"),
      item("d/p", "fifo", { mode: 0o666 }),
    );
    const [path = ""] = await unpackLayers(at.store, [layer]);
    const dir = lstatSync(`${path}/d`, { bigint: true });
    const inner = lstatSync(`${path}/d/f`, { bigint: true });
    assert.deepEqual([dir.mode & 0o7777n, dir.uid, dir.gid, dir.mtimeNs], [0o2775n, 5n, 6n, 7_000_000_008n]);
    assert.deepEqual([inner.mode & 0o7777n, inner.uid, inner.gid, inner.mtimeNs], [0o4711n, 1n, 2n, 3_000_000_004n]);
    assert.equal(getXattr(`${path}/d/f`, "user.x")?.toString(), "y");
    assert.equal(getXattr(`${path}/d`, "trusted.overlay.opaque")?.toString(), "y");
    assert.equal(getXattr(`${path}/d/o`, "trusted.overlay.opaque")?.toString(), "y");
    assert.equal(lstatSync(`${path}/d/p`).mode & 0o7777, 0o666);
    assert.equal(lstatSync(path).mode & 0o7777, 0o755);
  } finally {
    process.umask(before);
  }
});

const HOSTILE: readonly { readonly name: string; readonly tar: Buffer; readonly want: string }[] = [
  {
    name: "a file through a symlink",
    tar: rawTar(rawHeader({ name: "l", type: "2", link: "/OUT" }), rawHeader({ name: "l/x", size: 3 }), padded("bad")),
    want: "/OUT/x f\n/OUT d\n/l l\n",
  },
  {
    name: "a file through a relative symlink",
    tar: rawTar(rawHeader({ name: "l", type: "2", link: "../../../../../../OUT" }), rawHeader({ name: "l/x", size: 3 }), padded("bad")),
    want: "/OUT/x f\n/OUT d\n/l l\n",
  },
  {
    name: "a symlink over a directory with files",
    tar: rawTar(
      rawHeader({ name: "d/", type: "5" }),
      rawHeader({ name: "d/x", size: 3 }),
      padded("bad"),
      rawHeader({ name: "d", type: "2", link: "/OUT" }),
      rawHeader({ name: "d/y", size: 1 }),
      padded("y"),
    ),
    want: "/OUT/y f\n/OUT d\n/d l\n",
  },
  {
    name: "a file over a symlink",
    tar: rawTar(rawHeader({ name: "f", type: "2", link: "/OUT/x" }), rawHeader({ name: "f", size: 3 }), padded("bad")),
    want: "/f f\n",
  },
  {
    name: "a hard link to a symlink that leads out",
    tar: rawTar(
      rawHeader({ name: "s", type: "2", link: "/OUT/x" }),
      rawHeader({ name: "h", type: "1", link: "s" }),
      rawHeader({ name: "h", size: 3 }),
      padded("bad"),
    ),
    want: "/h f\n/s l\n",
  },
  {
    name: "a file replaced between its hard links",
    tar: rawTar(
      rawHeader({ name: "a", size: 3 }),
      padded("one"),
      rawHeader({ name: "b", type: "1", link: "a" }),
      rawHeader({ name: "c", type: "1", link: "a" }),
      rawHeader({ name: "a", size: 3 }),
      padded("two"),
    ),
    want: "/a f\n/b f\n/c f\n",
  },
];

for (const { name, tar, want } of HOSTILE) {
  for (const unpack of [false, true]) {
    test(`unpacking confines ${name}${unpack ? " while importing" : ""}`, async () => {
      await using at = await tempStore();
      const bytes = Buffer.from(tar);
      const packedTar = gzipSync(bytes);
      const layer = await importLayerBlob(at.store, blob(packedTar, sha256(bytes)), { unpack });
      const [path = ""] = await unpackLayers(at.store, [layer]);
      assert.equal(
        await run("find", path, "-mindepth", "1", "-depth", "-printf", "/%P %y\\n").then((text) => text.split("\n").toSorted().join()),
        want.split("\n").toSorted().join(),
      );
      assert.equal(existsSync("/OUT"), false);
    });
  }
}

test("unpackLayers() gives each hard link the content that it had", async () => {
  await using at = await tempStore();
  const tar = HOSTILE.at(-1)?.tar ?? TAR;
  const layer = await importLayerBlob(at.store, blob(gzipSync(tar), sha256(tar)));
  const [path = ""] = await unpackLayers(at.store, [layer]);
  assert.deepEqual(
    ["a", "b", "c"].map((name) => readFileSync(`${path}/${name}`, "utf8")),
    ["two", "one", "one"],
  );
});

test("unpackLayers() fills gaps from the layers below", async () => {
  await using at = await tempStore();
  const lower = await layerOf(
    at.store,
    item("lib", "symlink", { link: "usr/lib" }),
    item("tmp", "dir", { mode: 0o1777, uid: 3 }),
    item("usr", "dir"),
    item("usr/lib", "dir", { mode: 0o711 }),
    file("usr/lib/base", "base"),
  );
  const upper = await layerOf(
    at.store,
    file("lib/x", "x"),
    file("tmp/t", "t"),
    item("usr/lib/linked", "hardlink", { link: "usr/lib/base" }),
  );
  const paths = await unpackLayers(at.store, [lower, upper]);
  const listed = await run("find", paths[1] ?? "", "-mindepth", "1", "-printf", "/%P %y %m %U\\n");
  assert.deepEqual(listed.trimEnd().split("\n").toSorted(), [
    "/tmp d 1777 3",
    "/tmp/t f 644 0",
    "/usr d 755 0",
    "/usr/lib d 711 0",
    "/usr/lib/linked f 644 0",
    "/usr/lib/x f 644 0",
  ]);
  assert.equal(readFileSync(`${paths[1]}/usr/lib/linked`, "utf8"), "base");
  assert.match(await treeDump(layerTree([lower, upper])), /^\/usr\/lib\/x: file 0644 0:0 2d711642$/m);
});

test("unpackLayers() refuses a hard link to nothing", async () => {
  await using at = await tempStore();
  const layer = await layerOf(at.store, item("h", "hardlink", { link: "nothing" }));
  await assert.rejects(unpackLayers(at.store, [layer]), failsWith("TAR"));
});

test("openLayer() misses a layer whose bytes are gone", async () => {
  await using at = await tempStore();
  const layer = await layerOf(at.store, file("a", "hello"));
  assert.equal(openLayer(at.store, layer.id)?.id, layer.id);
  at.store.blobs.remove(layer.id);
  assert.equal(openLayer(at.store, layer.id), undefined);
});

test("R5: importLayerBlob() reads sparse files whole, from every place that a layer is in", async () => {
  await using at = await tempStore();
  const sparse = ["GNU.sparse.size=900", "GNU.sparse.map=0,1,600,2"];
  const tar = rawTar(
    paxHeader(...sparse),
    rawHeader({ name: "s", size: 3 }),
    padded("abc"),
    rawHeader({ name: "t", size: 1 }),
    padded("t"),
  );
  const content = Buffer.alloc(900);
  content.write("a");
  content.write("bc", 600);
  const layer = await importLayerBlob(at.store, blob(tar, sha256(tar)));
  assert.ok((await readTreeFile(layerTree([layer]), treePath("s"), 1000)).equals(content));
  assert.equal((await readTreeFile(layerTree([layer]), treePath("t"), 1000)).toString(), "t");
  // Its tar stays as it came: so does its digest.
  assert.equal((await layerTar(at.store, layer)).diffId, sha256(tar));
  const [directory = ""] = await unpackLayers(at.store, [layer]);
  assert.ok(readFileSync(`${directory}/s`).equals(content));
  await using other = await tempStore();
  const again = await importLayerBlob(other.store, blob(tar, sha256(tar)), { unpack: true });
  const [unpacked = ""] = await unpackLayers(other.store, [again]);
  assert.ok(readFileSync(`${unpacked}/s`).equals(content));
});
