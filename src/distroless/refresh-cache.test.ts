import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { elfFile } from "../../test/support/elf-file.ts";
import { formatLdCache } from "../elf/index.ts";
import { treePath } from "../paths.ts";
import { openStore } from "../store/index.ts";
import { type Layer, type LayerItem, layerTree, writeLayer } from "../tree/index.ts";
import { itemsTree } from "./items-tree.ts";
import { arrangeItems, directoryEntry, textItem } from "./layer-items.ts";
import { refreshedCache, touchesLibraries } from "./refresh-cache.ts";

const platform = { os: "linux", architecture: "amd64" };
const library = (path: string, soname: string): LayerItem =>
  textItem(path, elfFile({ type: "shared", machine: 62, soname }), { mode: 0o755 });
const libc = library("/usr/lib/libc.so.6", "libc.so.6");
const etc: LayerItem = { entry: directoryEntry(treePath("/etc"), { mode: 0o751 }) };
const cache = (...paths: readonly string[]): Buffer =>
  formatLdCache(
    paths.map((path) => ({ soname: path.replace(/.*\//, ""), path, flags: 0x303 })),
    "little",
  );
const ours = textItem("/etc/ld.so.cache", cache("/usr/lib/libc.so.6"));

async function refreshed(...items: readonly LayerItem[]): Promise<readonly LayerItem[]> {
  return await refreshedCache(itemsTree(items), platform);
}

describe("refreshedCache()", () => {
  it("lists what was added, and keeps the directory above as it is", async () => {
    const items = await refreshed(etc, libc, ours, library("/usr/local/lib/libnew.so.1", "libnew.so.1"));
    assert.deepEqual(items, [etc, textItem("/etc/ld.so.cache", cache("/usr/local/lib/libnew.so.1", "/usr/lib/libc.so.6"))]);
  });
  it("looks where the configuration of the tree says, as ldconfig does", async () => {
    const other = textItem("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    const added = [library("/usr/local/lib/liba.so.1", "liba.so.1"), library("/opt/x/libx.so.1", "libx.so.1")];
    const items = await refreshed(etc, libc, ours, other, textItem("/etc/ld.so.conf.d/x.conf", "/opt/x\n"), ...added);
    assert.deepEqual(items[1], textItem("/etc/ld.so.cache", cache("/opt/x/libx.so.1", "/usr/lib/libc.so.6")));
  });
  it("lists no longer what was removed", async () => {
    assert.deepEqual((await refreshed(etc, ours))[1], textItem("/etc/ld.so.cache", cache()));
  });
  for (const [name, items] of [
    ["a cache that is true", [libc, ours]],
    ["an image without a cache", [libc]],
    ["a cache of ldconfig", [textItem("/etc/ld.so.cache", "glibc-ld.so.cache1.1 … ldconfig (GNU libc) 2.41")]],
  ] as const)
    it(`leaves ${name}`, async () => assert.deepEqual(await refreshed(...items), []));
  it("leaves images of other systems", async () => {
    assert.deepEqual(await refreshedCache(itemsTree([ours]), { os: "windows", architecture: "amd64" }), []);
  });
  it("finds the cache that a base has true in its layers", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-cache-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    assert.deepEqual(await refreshedCache(layerTree([await writeLayer(store, arrangeItems([libc, ours]))]), platform), []);
  });
});

describe("touchesLibraries()", () => {
  const rows = [
    { path: "/usr/local/lib/libx.so.1", want: true },
    { path: "/usr/local/lib/x86_64-linux-gnu/libx.so", want: true },
    { path: "/lib/libx.so", want: true },
    { path: "/etc/ld.so.conf", want: true },
    { path: "/etc/ld.so.conf.d/x.conf", want: true },
    { path: "/usr/local/lib/python3.13/x.so", want: false },
    { path: "/usr/lib/os-release", want: false },
    { path: "/app/libx.so", want: false },
  ];
  for (const { path, want } of rows)
    it(`is ${want} for ${path}`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-cache-"));
      await using store = await openStore({ root: join(dir.path, "store") });
      const layer: Layer = await writeLayer(store, arrangeItems([textItem(path, "1")]));
      assert.equal(touchesLibraries(layer.index, platform), want);
    });
});
