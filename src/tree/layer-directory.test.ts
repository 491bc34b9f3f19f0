/** Directories of layers after a power loss: each kind of damage is found, and each source of a layer's bytes stands in for the one before. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import type { Digest } from "../digest.ts";
import { treePath } from "../paths.ts";
import { openStore, type Store } from "../store/index.ts";
import { compressedLayer } from "./compressed-layer.ts";
import { readTreeFile } from "./data.ts";
import { hostTree } from "./host-tree.ts";
import { openLayer } from "./layer-store.ts";
import { layerTar } from "./layer-tar.ts";
import { layerTree } from "./layer-tree.ts";
import { runOver } from "./testdata/run-over.ts";
import { failsWith, file, item, layerOf, temp } from "./testdata/support.ts";
import { treeDump } from "./testdata/tree-dump.ts";
import { unpackLayers } from "./unpack-layer.ts";

const SCRIPT = `
printf new > n; chmod 4750 n; chown 5:6 n; touch -d @1700000000 n
head -c 3000000 /dev/zero > big; printf x >> big
ln n m; ln -s n s; mkfifo p; mkdir e
printf c > cap; python3 -c 'import os; os.setxattr("cap", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))'
rm gone; rm -r o; mkdir o; printf o > o/f
`;
const BASE = [file("gone", "1"), item("o", "dir"), file("o/old", "2")];

/** What can be left of a layer besides its directory. */
type Kept = "tar" | "gzip" | "zstd" | "nothing";

interface Subject extends AsyncDisposable {
  readonly path: string;
  readonly store: Store;
  readonly base: Digest;
  readonly run: Digest;
  readonly directory: string;
}

/** A base and a RUN layer in the store of a machine that was started again; only `kept` is there of the layer's tar. */
async function restarted(kept: Kept): Promise<Subject> {
  const folder = await temp();
  const root = `${folder.path}/store`;
  const ids = await (async () => {
    await using store = await openStore({ root, bootId: () => "one" });
    const base = await layerOf(store, ...BASE);
    const { layer } = await runOver({ ...folder, store }, [base], SCRIPT);
    if (kept === "tar") await layerTar(store, layer);
    else if (kept !== "nothing") await compressedLayer(store, layer, { compression: kept });
    return { base: base.id, run: layer.id };
  })();
  const store = await openStore({ root, bootId: () => "two" });
  const directory = store.dirs.find("layer-fs", ids.run);
  assert.ok(directory !== undefined && store.dirs.isSuspect("layer-fs", ids.run));
  return {
    path: folder.path,
    store,
    ...ids,
    directory,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Node.js and Decant have no call for this. */
function removeXattr(path: string, name: string): void {
  execFileSync("python3", ["-c", "import os, sys; os.removexattr(sys.argv[1], sys.argv[2])", path, name]);
}

const DAMAGES: Readonly<Record<string, (directory: string) => void>> = {
  "a file cut off": (at) => truncateSync(`${at}/big`, 1000),
  "a file of other content": (at) => {
    writeFileSync(`${at}/n`, "old");
    utimesSync(`${at}/n`, 1_700_000_000, 1_700_000_000);
  },
  "a file gone": (at) => unlinkSync(`${at}/o/f`),
  "a file longer": (at) => appendFileSync(`${at}/o/f`, "x"),
  "another mode": (at) => chmodSync(`${at}/n`, 0o750),
  "another owner": (at) => chownSync(`${at}/big`, 7, 7),
  "another time": (at) => utimesSync(`${at}/n`, 1_600_000_000, 1_600_000_000),
  "a capability gone": (at) => removeXattr(`${at}/cap`, "security.capability"),
  "a link to elsewhere": (at) => {
    unlinkSync(`${at}/s`);
    symlinkSync("big", `${at}/s`);
  },
  "a hard link broken": (at) => {
    renameSync(`${at}/m`, `${at}/m2`);
    writeFileSync(`${at}/m`, "new");
  },
  "a directory gone": (at) => rmSync(`${at}/e`, { recursive: true }),
  "a file where a directory was": (at) => {
    rmSync(`${at}/o`, { recursive: true });
    writeFileSync(`${at}/o`, "");
  },
  "a pipe gone": (at) => unlinkSync(`${at}/p`),
  "a whiteout gone": (at) => unlinkSync(`${at}/gone`),
  "an opaque mark gone": (at) => removeXattr(`${at}/o`, "trusted.overlay.opaque"),
};

for (const [name, damage] of Object.entries(DAMAGES))
  test(`X1: unpackLayers() makes the directory of a RUN layer anew that has ${name}`, async () => {
    await using at = await restarted("tar");
    const layer = openLayer(at.store, at.run);
    assert.ok(layer !== undefined);
    const before = await treeDump(hostTree(at.directory));
    damage(at.directory);
    const [made = ""] = await unpackLayers(at.store, [layer]);
    // What is hidden by an opaque directory is hidden by whiteouts in a tar, and a tar has no opaque mark.
    assert.equal((await treeDump(hostTree(made))).replace(/^\/o\/old: .*\n/m, ""), before);
    assert.equal(at.store.dirs.isSuspect("layer-fs", at.run), false);
  });

test("unpackLayers() keeps a directory that is whole after a restart", async () => {
  await using at = await restarted("tar");
  const layer = openLayer(at.store, at.run);
  assert.ok(layer !== undefined);
  linkSync(`${at.directory}/big`, `${at.directory}/witness`);
  assert.deepEqual(await unpackLayers(at.store, [layer]), [at.directory]);
  assert.match(await treeDump(hostTree(at.directory)), /witness/);
});

test("unpackLayers() keeps a directory with a socket where a file was, and a mark below an opaque directory that is not needed", async () => {
  await using folder = await temp();
  const root = `${folder.path}/store`;
  const socket = `python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("gone")'`;
  const script = `rm gone; ${socket}; rm -r o; mkdir o`;
  const id = await (async () => {
    await using store = await openStore({ root, bootId: () => "one" });
    const base = await layerOf(store, ...BASE);
    return (await runOver({ ...folder, store }, [base], script)).layer.id;
  })();
  await using store = await openStore({ root, bootId: () => "two" });
  const layer = openLayer(store, id);
  assert.ok(layer !== undefined);
  await unpackLayers(store, [layer]);
  assert.equal(store.dirs.isSuspect("layer-fs", id), false);
});

describe("X1: a RUN layer whose directory is", () => {
  const states: Readonly<Record<string, (directory: string) => void>> = {
    damaged: (at) => truncateSync(`${at}/big`, 1000),
    gone: (at) => rmSync(at, { recursive: true }),
  };
  for (const [state, change] of Object.entries(states))
    for (const kept of ["tar", "gzip", "zstd"] as const) {
      test(`${state} is unpacked from its ${kept}`, async () => {
        await using at = await restarted(kept);
        change(at.directory);
        const layers = [at.base, at.run].map((id) => openLayer(at.store, id)).filter((layer) => layer !== undefined);
        const view = await treeDump(layerTree(layers));
        const directories = await unpackLayers(at.store, layers);
        assert.equal(directories.length, 2);
        const again = await runOver(at, layers, "printf y > y");
        assert.equal(
          again.dump
            .replaceAll(/ = .*$/gm, "")
            .replaceAll(/ security\.capability=.*$/gm, "")
            .replace(/^\/y: .*\n/m, ""),
          view.replaceAll(/ = .*$/gm, "").replaceAll(/ security\.capability=.*$/gm, ""),
        );
      });

      test(`${state} is read from its ${kept}`, async () => {
        await using at = await restarted(kept);
        change(at.directory);
        const layer = openLayer(at.store, at.run);
        assert.ok(layer !== undefined);
        const tree = layerTree([layer]);
        assert.equal((await readTreeFile(tree, treePath("m"), 100)).toString(), "new");
        assert.equal((await readTreeFile(tree, treePath("big"), 4_000_000)).at(-1), 0x78);
      });

      test(`${state} gives the same tar as before from its ${kept}`, async () => {
        await using at = await restarted(kept);
        const layer = openLayer(at.store, at.run);
        assert.ok(layer !== undefined);
        const { diffId } = layer;
        change(at.directory);
        assert.equal((await layerTar(at.store, layer)).diffId, diffId);
      });
    }

  test("damaged, with nothing to make it of, is told and forgotten", async () => {
    for (const use of ["unpack", "read", "tar"] as const) {
      await using at = await restarted("nothing");
      const layer = openLayer(at.store, at.run);
      assert.ok(layer !== undefined);
      truncateSync(`${at.directory}/big`, 1000);
      const work = {
        unpack: () => unpackLayers(at.store, [layer]),
        read: () => readTreeFile(layerTree([layer]), treePath("n"), 100),
        tar: () => layerTar(at.store, layer),
      };
      await assert.rejects(work[use], failsWith("STORE_CORRUPT"));
      assert.equal(openLayer(at.store, at.run), undefined);
      await assert.rejects(work[use], failsWith("BLOB_MISSING"));
    }
  });

  test("gone, with nothing to make it of, is not there", async () => {
    await using at = await restarted("nothing");
    rmSync(at.directory, { recursive: true });
    assert.equal(openLayer(at.store, at.run), undefined);
  });

  test("damaged is made anew by one of many who want it", async () => {
    await using at = await restarted("tar");
    truncateSync(`${at.directory}/big`, 1000);
    const layer = openLayer(at.store, at.run);
    assert.ok(layer !== undefined);
    const tree = layerTree([layer]);
    const reads = [1, 2, 3].map(async () => (await readTreeFile(tree, treePath("n"), 100)).toString());
    const paths = await Promise.all([1, 2].map(() => unpackLayers(at.store, [layer])));
    assert.deepEqual(await Promise.all(reads), ["new", "new", "new"]);
    assert.deepEqual(paths[0], paths[1]);
    assert.match(await treeDump(hostTree(at.directory)), /^\/big: file 0644 0:0 [0-9a-f]+/m);
  });
});
