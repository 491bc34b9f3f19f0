/** How layers are written and read: rules S121 to S131 of the Dockerfile semantics, on the tars themselves. */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bytesOf } from "../bytes.ts";
import { readTar, type TarEntry } from "../../test/support/read-tar.ts";
import { importLayerTar } from "./import-layer.ts";
import { layerTar } from "./layer-tar.ts";
import { layerTree } from "./layer-tree.ts";
import type { LayerItem } from "./tar-chunks.ts";
import { runOver } from "./testdata/run-over.ts";
import {
  failsWith,
  file,
  item,
  layerOf,
  padded,
  paxHeader,
  rawHeader,
  rawTar,
  run,
  type TempStore,
  tempStore,
} from "./testdata/support.ts";
import { treeDump } from "./testdata/tree-dump.ts";
import { unpackLayers } from "./unpack-layer.ts";

const BASE: readonly LayerItem[] = [
  item("d", "dir", { mode: 0o1750, uid: 5, gid: 6 }),
  file("d/a", "a"),
  file("d/b", "b"),
  item("d/e", "dir"),
  file("d/e/f", "f"),
  item("d/hard", "hardlink", { link: "d/a" }),
];

/** The tar of what `script` changes over BASE. */
async function tarOfStep(at: TempStore, script: string): Promise<{ readonly entries: readonly TarEntry[]; readonly bytes: Buffer }> {
  const base = await layerOf(at.store, ...BASE);
  const { layer } = await runOver(at, [base], script);
  const bytes = readFileSync((await layerTar(at.store, layer)).path);
  const { entries, problems } = readTar(bytes);
  assert.deepEqual(problems, []);
  return { entries, bytes };
}

const names = (entries: readonly TarEntry[]): string[] => entries.map(({ kind, name }) => `${kind} ${name}`);

async function imported(at: TempStore, ...tars: readonly Buffer[]) {
  const layers = [];
  for (const tar of tars) layers.push(await importLayerTar(at.store, bytesOf(gzipSync(tar))));
  return layers;
}

test("S121: whiteouts are empty files of time 0, and a directory made anew is written as whiteouts, never as an opaque mark", async () => {
  await using at = await tempStore();
  const { entries } = await tarOfStep(at, "rm -r d; mkdir d; printf n > d/new");
  assert.deepEqual(names(entries), ["dir d", "file d/.wh.a", "file d/.wh.b", "file d/.wh.e", "file d/.wh.hard", "file d/new"]);
  for (const { name, mtime, content } of entries)
    if (name.includes(".wh.")) assert.deepEqual([name, mtime, content.byteLength], [name, 0, 0]);
});

test("S121: an opaque mark removes what lies below its layer, wherever in the layer it stands", async () => {
  await using at = await tempStore();
  const first = rawTar(rawHeader({ name: "d/", type: "5", mode: "0000755" }), rawHeader({ name: "d/old" }));
  const second = rawTar(rawHeader({ name: "d/before" }), rawHeader({ name: "d/.wh..wh..opq" }), rawHeader({ name: "d/behind" }));
  const dump = await treeDump(layerTree(await imported(at, first, second)));
  assert.deepEqual(dump.match(/^\S+(?=:)/gm), ["/d", "/d/before", "/d/behind"]);
});

for (const name of [".wh.", "d/.wh.", ".wh..", ".wh...", "d/.wh...", "../.wh.x"])
  test(`S121: a whiteout "${name}" is refused`, async () => {
    await using at = await tempStore();
    await assert.rejects(imported(at, rawTar(rawHeader({ name }))), failsWith(name.startsWith("../") ? "PATH_ESCAPE" : "WHITEOUT"));
  });

test("S122: what was made and removed in one step leaves no whiteout", async () => {
  await using at = await tempStore();
  const { entries } = await tarOfStep(at, "touch d/t; rm d/t; mkdir -p n/m; rm -r n; printf x > d/e/x");
  assert.deepEqual(names(entries), ["dir d", "dir d/e", "file d/e/x"]);
});

test("S123: directories on the way to a change are written before it, as they are, and others are not", async () => {
  await using at = await tempStore();
  const { entries } = await tarOfStep(at, "printf x > d/e/x; mkdir z; touch -d @7 d; rmdir z; touch -d @1000 d");
  assert.deepEqual(
    entries.map(({ kind, name, mode, uid, gid }) => `${kind} ${name} ${mode.toString(8)} ${uid}:${gid}`),
    ["dir d 1750 5:6", "dir d/e 755 0:0", "file d/e/x 644 0:0"],
  );
});

const WHOLE_SECOND = "touch -d @1000 d/a";
for (const [name, script, isChanged] of [
  ["the same content and time is no change", `printf a > d/a; ${WHOLE_SECOND}`, false],
  ["other content of the same size and whole second is a change", `printf A > d/a; ${WHOLE_SECOND}`, true],
  ["another nanosecond is a change", "touch -d @1000.000000001 d/a", true],
  ["another mode is a change", `chmod 600 d/a; ${WHOLE_SECOND}`, true],
  ["another owner is a change", `chown 7 d/a; ${WHOLE_SECOND}`, true],
] as const)
  test(`S124: ${name}`, async () => {
    await using at = await tempStore();
    // The hard link would be written with the file; it is not what this is about.
    const { entries } = await tarOfStep(at, `cp --preserve=all d/a c; mv c d/a; ${script}`);
    assert.equal(
      entries.some((entry) => entry.name === "d/a"),
      isChanged,
    );
  });

test("S125: headers have numeric owners, whole seconds and clean names, and PAX where ustar is too small", async () => {
  await using at = await tempStore();
  const deep = `${"p".repeat(90)}/${"q".repeat(90)}/${"r".repeat(120)}`;
  const script = `mkdir -p ${deep}; printf x > ${deep}/f; chown 4000000:3000000 ${deep}/f; touch -d @1600000000.9 ${deep}/f; truncate -s 8589934593 big`;
  const base = await layerOf(at.store, ...BASE);
  const { layer } = await runOver(at, [base], script);
  const { path } = await layerTar(at.store, layer);
  const listed = await run("env", "TZ=UTC", "tar", "--full-time", "--numeric-owner", "-tvf", path);
  assert.match(listed, new RegExp(`^-rw-r--r-- 4000000/3000000 +1 2020-09-13 12:26:40 ${deep}/f$`, "m"));
  assert.match(listed, /^-rw-r--r-- 0\/0 +8589934593 \S+ \S+ big$/m);
  assert.match(listed, /^drwxr-xr-x 0\/0 +0 \S+ \S+ p+\/$/m);
  const { bytes } = await tarOfStep(at, "chown 5:6 d/b; touch -d @1600000000.9 d/b");
  assert.equal(
    bytes.subarray(265, 329).every((byte) => byte === 0),
    true,
    "names of user and group are left out",
  );
  assert.ok(!/[am]time=|ctime=/.test(bytes.toString("latin1")));
});

test("S126: of all attributes only capabilities are written", async () => {
  await using at = await tempStore();
  const set = (name: string, value: string): string => `os.setxattr("d/b", "${name}", bytes.fromhex("${value}"))`;
  const capability = "0100000200200000000000000000000000000000";
  const script = `python3 -c 'import os; ${set("security.capability", capability)}; ${set("trusted.x", "01")}'`;
  const { entries } = await tarOfStep(at, script);
  assert.deepEqual(entries.find(({ name }) => name === "d/b")?.xattrs, { "security.capability": capability });
});

test("S126: of a layer that is read, every attribute counts", async () => {
  await using at = await tempStore();
  const [layer] = await imported(at, rawTar(paxHeader("SCHILY.xattr.user.x=y"), rawHeader({ name: "a" })));
  assert.ok(layer !== undefined);
  assert.match(await treeDump(layerTree([layer])), /^\/a: file .* user\.x=y$/m);
});

test("S127: the first name of a file is the file, others link to it by a path without a slash in front", async () => {
  await using at = await tempStore();
  const { entries } = await tarOfStep(at, "printf n > n; ln n d/m; ln n o");
  assert.deepEqual(
    entries.filter(({ name }) => name !== "d").map(({ kind, name, link }) => `${kind} ${name} ${link}`),
    ["file d/m ", "hardlink n d/m", "hardlink o d/m"],
  );
});

test("S128: sockets are left out", async () => {
  await using at = await tempStore();
  const { entries } = await tarOfStep(at, "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"d/s\")'; mkfifo d/p");
  assert.deepEqual(names(entries), ["dir d", "fifo d/p"]);
});

test("S129: entries and links of a layer stay inside the root it is unpacked to", async () => {
  await using at = await tempStore();
  const [layer] = await imported(
    at,
    rawTar(
      rawHeader({ name: "out", type: "2", link: at.path }),
      rawHeader({ name: "out/x", size: 3 }),
      padded("bad"),
      rawHeader({ name: "up", type: "2", link: "../../../../../../../../tmp" }),
      rawHeader({ name: "hard", type: "1", link: "up" }),
    ),
  );
  assert.ok(layer !== undefined);
  const [path = ""] = await unpackLayers(at.store, [layer]);
  assert.deepEqual(
    readdirSync(at.path).filter((name) => name === "x"),
    [],
  );
  assert.equal(lstatSync(`${path}/out`).isSymbolicLink(), true);
  assert.equal(lstatSync(`${path}/hard`).isSymbolicLink(), true);
  await assert.rejects(imported(at, rawTar(rawHeader({ name: "h", type: "1", link: "../../etc/passwd" }))), failsWith("PATH_ESCAPE"));
});

test("S131: unpacked layers hold whiteouts of overlayfs, not files called .wh.", async () => {
  await using at = await tempStore();
  const base = await layerOf(at.store, ...BASE);
  const { layer } = await runOver(at, [base], "rm d/a; rm -r d/e");
  const tar = readFileSync((await layerTar(at.store, layer)).path);
  assert.match(tar.toString("latin1"), /\.wh\.a/);
  await using other = await tempStore();
  const [again] = await imported(other, tar);
  assert.ok(again !== undefined);
  const [path = ""] = await unpackLayers(other.store, [again]);
  assert.deepEqual(readdirSync(`${path}/d`).toSorted(), ["a", "e"]);
  for (const name of ["a", "e"]) assert.equal(lstatSync(`${path}/d/${name}`).isCharacterDevice(), true);
});
