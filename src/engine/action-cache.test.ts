/** The action cache over a real store: keys, kept results and what `--explain` says of a miss. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { openStore, type Store } from "../store/index.ts";
import { item, layerOf, temp, tempStore } from "../tree/testdata/support.ts";
import { createActionCache, keyOf } from "./action-cache.ts";
import type { Ingredient } from "./types.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const SLOT = "build 1";

/** "name=value" each. */
function parts(...texts: readonly string[]): Ingredient[] {
  return texts.map((text) => ({ name: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }));
}

/** A selection of files whose lines are "path<TAB>facts<TAB>digest". */
function files(...detail: readonly string[]): Ingredient {
  return { name: "files of .", value: sha256(detail.join("\n")), detail: Buffer.from(detail.join("\n")) };
}

describe("keyOf()", () => {
  const rows: readonly {
    readonly name: string;
    readonly one: readonly string[];
    readonly two: readonly string[];
    readonly same?: boolean;
  }[] = [
    { name: "is the same for the same parts", one: ["a=1", "b=2"], two: ["a=1", "b=2"], same: true },
    { name: "changes with a value", one: ["a=1"], two: ["a=2"] },
    { name: "changes with a name", one: ["a=1"], two: ["b=1"] },
    { name: "changes with the order", one: ["a=1", "b=2"], two: ["b=2", "a=1"] },
    { name: "changes when a boundary moves between values (S132)", one: ["a=12", "b=3"], two: ["a=1", "b=23"] },
    { name: "changes when a boundary moves between name and value (S132)", one: ["ab=c"], two: ["a=bc"] },
    { name: "changes when parts are joined", one: ["a=1b2"], two: ["a=1", "b=2"] },
    { name: "changes with an empty part", one: ["a=1"], two: ["a=1", "b="] },
  ];
  for (const { name, one, two, same = false } of rows) it(name, () => assert.equal(keyOf(parts(...one)) === keyOf(parts(...two)), same));

  it("does not hang on what is only shown", () => {
    const { name, value } = files("a\tfile 644\tsha256:1");
    assert.equal(keyOf([{ name, value }]), keyOf([{ name, value, detail: Buffer.from("a\tfile 644\tsha256:1") }]));
  });
});

describe("find() and keep()", () => {
  it("finds what was kept, with the time at which it was made", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store, { now: () => NOW });
    const key = keyOf(parts("a=1"));
    assert.equal(cache.find(key), undefined);
    const layer = await layerOf(at.store, item("d", "dir"));
    const kept = await cache.keep(key, layer, SLOT, parts("a=1"));
    const found = createActionCache(at.store, { now: () => NOW + 1000 }).find(key);
    for (const source of [kept, found]) {
      assert.deepEqual([source?.key, source?.created, source?.diffId], [layer.contentDigest, "2026-01-02T03:04:05.000Z", layer.diffId]);
      assert.equal((await source?.load())?.id, layer.id);
    }
    assert.equal(cache.find(keyOf(parts("a=2"))), undefined);
  });

  it("takes the newest result of a key", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    const key = keyOf(parts("a=1"));
    for (const name of ["one", "two"]) await cache.keep(key, await layerOf(at.store, item(name, "dir")), SLOT, parts("a=1"));
    assert.equal((await cache.find(key)?.load())?.index.path(0), "two");
  });

  it("has no result whose bytes are gone", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    const layer = await layerOf(at.store, item("d", "dir"));
    await cache.keep(keyOf([]), layer, SLOT, []);
    assert.ok(layer.diffId);
    at.store.blobs.remove(layer.diffId);
    assert.equal(cache.find(keyOf([])), undefined);
  });

  const damaged: Readonly<Record<string, unknown>> = {
    "is no object": "text",
    "is null": null,
    "has no layer": { created: "2026-01-02T03:04:05.000Z" },
    "has no time": { layer: sha256("x") },
    "names a layer by something else than a digest": { layer: "../../etc", created: "2026-01-02T03:04:05.000Z" },
    "names a layer that is not here": { layer: sha256("x"), created: "2026-01-02T03:04:05.000Z" },
  };
  for (const [name, value] of Object.entries(damaged))
    it(`takes a record that ${name} for a miss`, async () => {
      await using at = await tempStore();
      at.store.records.put("action", keyOf([]), value);
      assert.equal(createActionCache(at.store).find(keyOf([])), undefined);
    });

  it("keeps a result and its details from prunes of other processes", async () => {
    await using folder = await temp();
    const root = join(folder.path, "store");
    const inStore = async <Result>(work: (store: Store) => Promise<Result>): Promise<Result> => {
      await using store = await openStore({ root });
      return await work(store);
    };
    await inStore(async (store) => {
      const layer = await layerOf(store, item("d", "dir"));
      await createActionCache(store).keep(keyOf([]), layer, SLOT, [files("a\tfile 644\tsha256:1")]);
    });
    await inStore((store) => store.prune());
    await inStore(async (store) => {
      const cache = createActionCache(store);
      assert.ok(cache.find(keyOf([])));
      assert.deepEqual(await cache.explain(SLOT, [files("b\tfile 644\tsha256:1")]), ["b: new", "a: gone"]);
    });
  });
});

describe("explain()", () => {
  interface Row {
    readonly name: string;
    readonly before: readonly Ingredient[];
    readonly now: readonly Ingredient[];
    readonly want: readonly string[];
  }
  const many = Array.from({ length: 25 }, (_, index) => `f${index}\tfile 644\tsha256:1`);
  const rows: readonly Row[] = [
    { name: "nothing", before: parts("a=1"), now: parts("a=1"), want: [] },
    { name: "a value", before: parts("ENV A=1"), now: parts("ENV A=2"), want: ["ENV A: 1 → 2"] },
    {
      name: "a value that was or is empty",
      before: parts("a=", "b=1"),
      now: parts("a=1", "b="),
      want: ["a: (empty) → 1", "b: 1 → (empty)"],
    },
    { name: "a new part and one that is gone", before: parts("a=1", "b=2"), now: parts("a=1", "c=3"), want: ["c: new", "b: gone"] },
    { name: "a digest", before: parts("base=sha256:1"), now: parts("base=sha256:2"), want: ["base: changed"] },
    { name: "a list", before: parts("base=x"), now: parts("base=sha512:1\nsha512:2"), want: ["base: changed"] },
    {
      name: "files, by what is different of them",
      before: [files("a\tfile 644\tsha256:1", "b\tfile 644\tsha256:1", "c\tfile 644\tsha256:1", "same\tdir 755\t", "gone\tdir 755\t")],
      now: [files("a\tfile 644\tsha256:2", "b\tfile 755\tsha256:1", "c\tdir 755\t", "same\tdir 755\t", "new\tdir 755\t")],
      want: ["a: content", "b: mode, owner or type (file 644 → file 755)", "c: content", "new: new", "gone: gone"],
    },
    {
      name: "many files, up to twenty",
      before: [files()],
      now: [files(...many)],
      want: [...many.slice(0, 20).map((_, index) => `f${index}: new`), "and 5 more"],
    },
    {
      name: "files without details",
      before: [files("a\tx\t1")],
      now: [{ name: "files of .", value: sha256("?") }],
      want: ["files of .: changed"],
    },
  ];
  for (const { name, before, now, want } of rows)
    it(`names ${name}`, async () => {
      await using at = await tempStore();
      const cache = createActionCache(at.store);
      await cache.keep(keyOf(before), await layerOf(at.store, item("d", "dir")), SLOT, before);
      assert.deepEqual(await cache.explain(SLOT, now), want);
    });

  it("knows the last run of each slot only", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    for (const text of ["a=1", "a=2"]) await cache.keep(keyOf(parts(text)), await layerOf(at.store, item("d", "dir")), SLOT, parts(text));
    assert.deepEqual(await cache.explain(SLOT, parts("a=3")), ["a: 2 → 3"]);
    assert.equal(await cache.explain("build 2", parts("a=3")), undefined);
  });

  it("passes over parts of a record that it cannot read", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    const [slotId] = await cache
      .keep(keyOf([]), await layerOf(at.store, item("d", "dir")), SLOT, [])
      .then(() => at.store.records.ids("step"));
    assert.ok(slotId !== undefined);
    at.store.records.put("step", slotId, [
      null,
      "a",
      { name: "a" },
      { name: 1, value: "x" },
      { name: "b", value: "1", detail: "no digest" },
    ]);
    assert.deepEqual(await cache.explain(SLOT, parts("b=2")), ["b: 1 → 2"]);
    at.store.records.put("step", slotId, "text");
    assert.equal(await cache.explain(SLOT, parts("b=2")), undefined);
  });

  it("does without details that are gone", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    const before = files("a\tx\t1");
    await cache.keep(keyOf([before]), await layerOf(at.store, item("d", "dir")), SLOT, [before]);
    const [slotId = ""] = at.store.records.ids("step");
    const [{ detail }] = at.store.records.get("step", slotId) as [{ readonly detail: ReturnType<typeof sha256> }];
    at.store.blobs.remove(detail);
    assert.deepEqual(await cache.explain(SLOT, [files("a\tx\t2")]), ["files of .: changed"]);
  });
});
