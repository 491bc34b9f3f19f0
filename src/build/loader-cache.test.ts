import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { elfFile } from "../../test/support/elf-file.ts";
import type { EventInput } from "../events.ts";
import type { BuiltImage } from "../image/index.ts";
import { treePath } from "../paths.ts";
import { openStore, type Store } from "../store/index.ts";
import { type Entry, layerSource, layerTree, type LayerItem, type LayerSource, readTreeFile, writeLayer } from "../tree/index.ts";
import { withLoaderCache } from "./loader-cache.ts";

const entry = (path: string, kind: Entry["kind"] = "dir", size = 0): Entry => ({
  path: treePath(path), kind, mode: 0o755, uid: 0, gid: 0, size, mtimeSec: 0, mtimeNsec: 0,
}); // prettier-ignore
const file = (path: string, bytes: Buffer): LayerItem => ({ entry: entry(path, "file", bytes.byteLength), data: { kind: "bytes", bytes } });
const folders = (path: string): LayerItem[] => {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, at) => ({ entry: entry(parts.slice(0, at + 1).join("/")) }));
};
const library = (path: string): LayerItem => file(path, elfFile({ type: "shared", machine: 62, soname: path.replace(/.*\//, "") }));
/** A cache of ours that lists nothing. */
const EMPTY = "glibc-ld.so.cache1.1".padEnd(48, "\0") + "decant";

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly events: EventInput[];
  /** The image of a base with `cache`, and of a build that adds a library at `path`. */
  image(path: string, options?: { readonly cache?: string; readonly base?: LayerSource; readonly createdBy?: string }): Promise<BuiltImage>;
  finish(image: BuiltImage): Promise<BuiltImage>;
}

async function openPlace(): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-loader-")));
  const store = stack.use(await openStore({ root: join(dir.path, "store") }));
  const events: EventInput[] = [];
  const owned = stack.move();
  return {
    store,
    events,
    async image(path, { cache = EMPTY, base, createdBy = "decant: files of x" } = {}) {
      const below = [...folders("/etc/x"), file("/etc/ld.so.cache", Buffer.from(cache, "latin1"))];
      const built = await writeLayer(store, [...folders(path), library(path)]);
      return {
        platform: { os: "linux", architecture: "amd64" },
        config: {},
        history: [{ created_by: createdBy }, { created_by: "COPY" }],
        layers: [base ?? layerSource(await writeLayer(store, below)), { ...layerSource(built), created: "2026-01-01T00:00:00Z" }],
        created: "2026-01-01T00:00:00Z",
      };
    },
    finish: (image) => withLoaderCache(image, { store, emit: (event) => void events.push(event), signal: new AbortController().signal }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("withLoaderCache()", () => {
  it("adds a cache that lists what the build brought", async () => {
    await using place = await openPlace();
    const image = await place.finish(await place.image("/usr/local/lib/libnew.so.1"));
    assert.deepEqual(image.history.at(-1), { created: image.created, created_by: "decant: /etc/ld.so.cache" });
    const layers = await Promise.all(image.layers.map((layer) => layer.load()));
    const cache = await readTreeFile(layerTree(layers), treePath("/etc/ld.so.cache"), 10_000);
    assert.ok(cache.includes("/usr/local/lib/libnew.so.1\0"));
    assert.equal(layers.length, 3);
    assert.equal(layers[2]?.index.count, 2);
    assert.deepEqual(
      place.events.map(({ type }) => type),
      ["vertex.planned", "vertex.started", "vertex.done"],
    );
    // With it the image is as it should be.
    assert.equal(await place.finish(image), image);
  });
  it("does not load the base of a build that brings no libraries", async () => {
    await using place = await openPlace();
    const image = await place.image("/app/libnew.so.1");
    const remote: LayerSource = { key: image.layers[0]?.key ?? assert.fail(), load: () => assert.fail("loaded") };
    const pushed = await place.image("/app/libnew.so.1", { base: remote });
    assert.equal(await place.finish(pushed), pushed);
    assert.deepEqual(place.events, []);
  });
  it("leaves images of other makers, and caches of other programs", async () => {
    await using place = await openPlace();
    for (const image of [
      await place.image("/usr/local/lib/libnew.so.1", { createdBy: "/bin/sh -c #(nop) ADD" }),
      await place.image("/usr/local/lib/libnew.so.1", { cache: "glibc-ld.so.cache1.1 ldconfig (GNU libc)" }),
    ])
      assert.equal(await place.finish(image), image);
  });
});
