/** The action cache over a real store: keys and kept results. What it says of a miss: see miss-reason.test.ts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sha256 } from "../digest.ts";
import { openStore, type Store } from "../store/index.ts";
import { item, layerOf, temp, tempStore } from "../tree/testdata/support.ts";
import { createActionCache, keyOf } from "./action-cache.ts";
import { detailOf, recordsOf } from "./step-records.ts";
import { pathLines } from "./testdata/path-lines.ts";
import type { Ingredient } from "./types.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const NAME = { slot: "build 1", text: "RUN x" };

/** "name=value" each. */
function parts(...texts: readonly string[]): Ingredient[] {
  return texts.map((text) => ({ name: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }));
}

/** A selection of files whose lines are "path<TAB>facts<TAB>digest". */
function files(...detail: readonly string[]): Ingredient {
  return { name: "files of .", value: sha256(detail.join("\n")), detail: pathLines(...detail) };
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
    assert.equal(keyOf([{ name, value }]), keyOf([{ name, value, detail: pathLines("a\tfile 644\tsha256:1") }]));
  });
});

describe("find() and keep()", () => {
  it("finds what was kept, with the time at which it was made", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store, { now: () => NOW });
    const key = keyOf(parts("a=1"));
    assert.equal(cache.find(key), undefined);
    const layer = await layerOf(at.store, item("d", "dir"));
    const kept = await cache.keep(key, layer, { name: NAME, ingredients: parts("a=1") });
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
    for (const name of ["one", "two"])
      await cache.keep(key, await layerOf(at.store, item(name, "dir")), { name: NAME, ingredients: parts("a=1") });
    assert.equal((await cache.find(key)?.load())?.index.path(0), "two");
  });

  it("has no result whose bytes are gone", async () => {
    await using at = await tempStore();
    const cache = createActionCache(at.store);
    const layer = await layerOf(at.store, item("d", "dir"));
    await cache.keep(keyOf([]), layer, { name: NAME, ingredients: [] });
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
      await createActionCache(store).keep(keyOf([]), layer, { name: NAME, ingredients: [files("a\tfile 644 0:0 1 0:  \tsha256:1")] });
    });
    await inStore((store) => store.prune());
    await inStore(async (store) => {
      assert.ok(createActionCache(store).find(keyOf([])));
      const [record] = recordsOf(store, NAME);
      assert.equal(
        Buffer.from((await detailOf(store, record?.ingredients[0] ?? { name: "", value: "" })) ?? [])
          .toString()
          .slice(0, 6),
        "a\tfile",
      );
    });
  });
});
