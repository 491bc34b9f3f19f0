/** Directories of cache mounts over a real store: who shares which, what a new one holds, and who empties them (S114 to S117). */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TreeSpec } from "../../../test/support/memory-tree.ts";
import { isDecantError } from "../../errors.ts";
import type { CacheMount, CacheSharing } from "../../graph/index.ts";
import { openStore, type Store } from "../../store/index.ts";
import { copyPart, emptyTree, loadTree } from "../../tree/index.ts";
import { temp, tempStore } from "../../tree/testdata/support.ts";
import { fakeEngine, type FakeEngine } from "../testdata/fake-engine.ts";
import { type CacheRequest, cacheSourceIsFile, emptyCaches, openCaches } from "./cache-mounts.ts";

const { signal } = new AbortController();

function cache(fields: Partial<CacheMount> = {}): CacheMount {
  return { type: "cache", input: -1, selector: "/", dest: "/cache", readonly: false, id: "npm", sharing: "shared", ...fields };
}

const copied: NonNullable<CacheRequest["base"]>["copy"] = ({ tree }, path, { folder, name }) =>
  copyPart(tree, path, folder, { name, signal });

/** A cache that starts with `selector` of a layer. */
async function basedOn(engine: FakeEngine, spec: TreeSpec, fields: Partial<CacheMount> = {}): Promise<CacheRequest> {
  const layer = await engine.layer(spec);
  return {
    mount: cache({ input: 0, ...fields }),
    base: { layers: [layer], open: async () => ({ tree: await loadTree([layer]), name: 'stage "base"' }), copy: copied },
  };
}

/** Opens one cache; its path is that of its content. */
async function open(store: Store, request: CacheRequest, stop: AbortSignal = signal): Promise<AsyncDisposable & { readonly path: string }> {
  const opened = await openCaches(store, [request], stop);
  return { path: opened.pathOf(request.mount), [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function pathOf(store: Store, request: CacheRequest): Promise<string> {
  await using opened = await open(store, request);
  return opened.path;
}

describe("openCaches()", () => {
  it("makes a directory that only its owner reaches, and keeps what is written into it (S117)", async () => {
    await using at = await tempStore();
    const path = await pathOf(at.store, { mount: cache() });
    assert.deepEqual([statSync(path).mode & 0o7777, statSync(join(path, "..")).mode & 0o7777], [0o755, 0o700]);
    writeFileSync(join(path, "kept"), "");
    assert.equal(await pathOf(at.store, { mount: cache() }), path);
    assert.deepEqual(readdirSync(path), ["kept"]);
  });

  it("finds a cache in another process's store", async () => {
    await using at = await tempStore();
    const path = await pathOf(at.store, { mount: cache() });
    await using other = await openStore({ root: at.store.root });
    assert.equal(await pathOf(other, { mount: cache() }), path);
  });

  describe("finds a cache by its id and by what it started from (S114)", () => {
    const base = { "d/f": "file 644 0:0 one" };
    const rows: readonly {
      readonly name: string;
      readonly other: Partial<CacheMount>;
      readonly spec?: TreeSpec;
      readonly same: boolean;
    }[] = [
      { name: "another id is another cache", other: { id: "pip" }, same: false },
      { name: "another place is the same", other: { dest: "/other" }, same: true },
      { name: "read-only is the same", other: { readonly: true }, same: true },
      { name: "another sharing is the same", other: { sharing: "locked" }, same: true },
      { name: "another base is another cache", other: {}, spec: { "d/f": "file 644 0:0 two" }, same: false },
      { name: "another part of the base is another cache", other: { selector: "/d" }, same: false },
      { name: "a base of the same content is the same", other: {}, spec: base, same: true },
    ];
    for (const { name, other, spec = base, same } of rows)
      it(name, async () => {
        await using engine = await fakeEngine();
        const first = await pathOf(engine.store, await basedOn(engine, base));
        assert.equal((await pathOf(engine.store, await basedOn(engine, spec, other))) === first, same);
      });

    it("a part of a cache without a base is of the same cache", async () => {
      await using at = await tempStore();
      assert.equal(await pathOf(at.store, { mount: cache({ selector: "/d" }) }), await pathOf(at.store, { mount: cache() }));
    });
  });

  describe("starts a new cache with what its base has", () => {
    const spec = { "d/f": "file 640 7:8 text", "d/sub": "dir 700 0:0", l: "link d" };
    const rows: readonly { readonly name: string; readonly selector: string; readonly want: readonly string[] | string }[] = [
      { name: "all of it", selector: "/", want: ["d", "l"] },
      { name: "a directory", selector: "/d", want: ["f", "sub"] },
      { name: "a directory behind a symlink", selector: "/l", want: ["f", "sub"] },
      { name: "a file", selector: "/d/f", want: "text" },
    ];
    for (const { name, selector, want } of rows)
      it(name, async () => {
        await using engine = await fakeEngine();
        const path = await pathOf(engine.store, await basedOn(engine, spec, { selector }));
        assert.deepEqual(typeof want === "string" ? readFileSync(path, "utf8") : readdirSync(path).toSorted(), want);
      });

    it("with its owners and modes", async () => {
      await using engine = await fakeEngine();
      const path = await pathOf(engine.store, await basedOn(engine, spec));
      const { uid, gid, mode } = statSync(join(path, "d/f"));
      assert.deepEqual([uid, gid, mode & 0o7777], [7, 8, 0o640]);
    });

    it("once: a cache that is there is not opened from its base", async () => {
      await using engine = await fakeEngine();
      const request = await basedOn(engine, spec);
      const path = await pathOf(engine.store, request);
      writeFileSync(join(path, "d/f"), "changed");
      const again = { ...request, base: request.base && { ...request.base, open: () => assert.fail("the base was opened") } };
      assert.equal(await pathOf(engine.store, again), path);
      assert.equal(readFileSync(join(path, "d/f"), "utf8"), "changed");
    });

    it("fails for what the base does not have, and leaves nothing behind", async () => {
      await using engine = await fakeEngine();
      const request = await basedOn(engine, spec, { selector: "/none" });
      await assert.rejects(
        pathOf(engine.store, request),
        (error) => isDecantError(error, "COPY_SOURCE_MISSING") && /stage "base"/.test(error.message),
      );
      assert.deepEqual(engine.store.records.ids("cache-mount"), []);
      // Its lock is free again.
      await using _opened = await open(engine.store, {
        ...request,
        base: { layers: request.base?.layers ?? [], open: () => Promise.resolve({ tree: emptyTree, name: "" }), copy: copied },
        mount: { ...request.mount, selector: "/" },
      });
    });
  });

  describe("lets steps have a cache at the same time (S115)", () => {
    const rows: readonly { readonly first: CacheSharing; readonly second: CacheSharing; readonly want: "same" | "another" | "waits" }[] = [
      { first: "shared", second: "shared", want: "same" },
      { first: "private", second: "private", want: "another" },
      { first: "shared", second: "private", want: "another" },
      { first: "private", second: "shared", want: "another" },
      { first: "locked", second: "locked", want: "waits" },
      { first: "shared", second: "locked", want: "waits" },
      { first: "private", second: "locked", want: "waits" },
      { first: "locked", second: "shared", want: "another" },
    ];
    for (const { first, second, want } of rows)
      it(`${first}, then ${second}: ${want}`, async () => {
        await using at = await tempStore();
        const held = await open(at.store, { mount: cache({ sharing: first }) });
        const asked = waitingStore(at.store);
        const next = open(asked.store, { mount: cache({ sharing: second }) });
        if (want === "waits") {
          await asked.waits;
          await held[Symbol.asyncDispose]();
          await using got = await next;
          assert.equal(got.path, held.path);
        } else {
          await using got = await next;
          assert.equal(got.path === held.path, want === "same");
          await held[Symbol.asyncDispose]();
        }
      });

    it("takes a free slot before it makes one more", async () => {
      await using at = await tempStore();
      const mount = cache({ sharing: "private" });
      const one = await open(at.store, { mount });
      const two = await open(at.store, { mount });
      await one[Symbol.asyncDispose]();
      await using again = await open(at.store, { mount });
      await two[Symbol.asyncDispose]();
      assert.deepEqual([again.path === one.path, at.store.records.ids("cache-mount").length], [true, 2]);
    });

    it("stops waiting with the reason of an abort", async () => {
      await using at = await tempStore();
      await using _held = await open(at.store, { mount: cache() });
      const stop = new AbortController();
      const asked = waitingStore(at.store);
      const waiting = open(asked.store, { mount: cache({ sharing: "locked" }) }, stop.signal);
      await asked.waits;
      const reason = new Error("enough");
      stop.abort(reason);
      await assert.rejects(waiting, reason);
    });

    it("opens a cache once that a step mounts twice", async () => {
      await using at = await tempStore();
      const mounts = [cache({ sharing: "locked" }), cache({ sharing: "locked", dest: "/other" })] as const;
      await using opened = await openCaches(
        at.store,
        mounts.map((mount) => ({ mount })),
        signal,
      );
      assert.equal(opened.pathOf(mounts[0]), opened.pathOf(mounts[1]));
    });

    it("never lets two steps wait for each other", async () => {
      await using at = await tempStore();
      const requests = ["a", "b", "c"].map((id) => ({ mount: cache({ id, sharing: "locked" }) }));
      const use = async (list: readonly CacheRequest[]): Promise<void> => {
        await using _opened = await openCaches(at.store, list, signal);
        await new Promise((resolve) => setImmediate(resolve));
      };
      for (let turn = 0; turn < 10; turn += 1) await Promise.all([use(requests), use(requests.toReversed())]);
    });
  });
});

describe("emptyCaches()", () => {
  it("removes all caches with these ids, whatever they started from, and no others (S117)", async () => {
    await using engine = await fakeEngine();
    const { store } = engine;
    const gone = [await pathOf(store, { mount: cache() }), await pathOf(store, await basedOn(engine, { f: "file 644 0:0 x" }))];
    const kept = await pathOf(store, { mount: cache({ id: "pip" }) });
    await emptyCaches(store, new Set(["npm", "never"]));
    assert.deepEqual([gone.map(existsSync), existsSync(kept), store.records.ids("cache-mount").length], [[false, false], true, 1]);
  });

  it("leaves what a step of another build uses", async () => {
    await using at = await tempStore();
    await using opened = await open(at.store, { mount: cache() });
    await using other = await openStore({ root: at.store.root });
    await emptyCaches(other, new Set(["npm"]));
    assert.ok(existsSync(opened.path));
  });

  it("passes over records that it cannot read", async () => {
    await using at = await tempStore();
    for (const value of [null, "npm", { id: 1 }, {}]) at.store.records.put("cache-mount", JSON.stringify(value), value);
    await emptyCaches(at.store, new Set(["npm"]));
    assert.equal(at.store.records.ids("cache-mount").length, 4);
  });
});

describe("cacheSourceIsFile()", () => {
  const rows: readonly { readonly selector: string; readonly want: boolean | "missing" }[] = [
    { selector: "/f", want: true },
    { selector: "/d", want: false },
    { selector: "/in", want: false },
    { selector: "/root", want: true },
    { selector: "/up/f", want: true },
    { selector: "/none", want: "missing" },
    { selector: "/out", want: "missing" },
    { selector: "/climb", want: "missing" },
  ];
  for (const { selector, want } of rows)
    it(`says ${String(want)} of ${selector}, and never leaves the cache (S116)`, async () => {
      await using folder = await temp();
      const content = join(folder.path, "cache");
      mkdirSync(join(content, "d"), { recursive: true });
      writeFileSync(join(content, "f"), "");
      writeFileSync(join(folder.path, "secret"), "");
      const links = { in: "d", root: "/f", up: "../../..", out: join(folder.path, "secret"), climb: "../secret" };
      for (const [name, target] of Object.entries(links)) symlinkSync(target, join(content, name));
      const range = { file: { name: "Dockerfile", text: "" }, start: { line: 3, column: 1 }, end: { line: 3, column: 9 } };
      const mount = cache({ selector, id: "/app/cache", range });
      if (want !== "missing") assert.equal(cacheSourceIsFile(content, mount), want);
      else
        assert.throws(
          () => cacheSourceIsFile(content, mount),
          (error) =>
            isDecantError(error, "COPY_SOURCE_MISSING") &&
            error.message === `Cannot mount "${selector}": not found in cache "app/cache"` &&
            error.source[0] === range,
        );
    });
});

/** A store that tells when somebody waits for the content of a cache, not only for the choice of one. */
function waitingStore(store: Store): { readonly store: Store; readonly waits: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { locks } = store;
  return {
    waits: promise,
    store: {
      ...store,
      locks: {
        ...locks,
        acquire(...asked: Parameters<Store["locks"]["acquire"]>) {
          if (!asked[0].startsWith("cache-mount-select-")) resolve();
          return locks.acquire(...asked);
        },
      },
    },
  };
}
