import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { openStore } from "./store.ts";
import { failsWith, tempStore } from "./testdata/support.ts";

test("records keep JSON by space and id", async () => {
  await using at = await tempStore();
  const { records } = at.store;
  const value = { text: "é", list: [1, null], nested: { yes: true } };
  records.put("a", "1", value);
  records.put("b", "1", "other");
  records.put("a", "2", 2);
  records.put("a", "2", 3);
  assert.deepEqual(
    [records.get("a", "1"), records.get("b", "1"), records.get("a", "2"), records.get("c", "1")],
    [value, "other", 3, undefined],
  );
  assert.deepEqual(records.ids("a").toSorted(), ["1", "2"]);
  records.delete("a", "1");
  records.delete("a", "none");
  assert.deepEqual(records.ids("a"), ["2"]);
});

test("records refuse what is not JSON", async () => {
  await using at = await tempStore();
  assert.throws(() => at.store.records.put("a", "1", undefined), failsWith("INTERNAL"));
});

test("batch() keeps all or nothing, and nests", async () => {
  await using at = await tempStore();
  const { records } = at.store;
  records.batch(() => {
    records.put("a", "1", 1);
    records.batch(() => records.put("a", "2", 2));
  });
  assert.throws(
    () =>
      records.batch(() => {
        records.put("a", "1", "changed");
        throw new Error("no");
      }),
    /no/,
  );
  assert.deepEqual([records.get("a", "1"), records.get("a", "2")], [1, 2]);
});

test("records are seen by other open stores, and later", async () => {
  await using at = await tempStore();
  {
    await using other = await openStore({ root: at.root });
    other.records.put("a", "1", "there");
    assert.equal(at.store.records.get("a", "1"), "there");
  }
  assert.equal(at.store.records.get("a", "1"), "there");
});

test("image names are set, moved, listed in order and deleted", async () => {
  let now = 1000;
  await using at = await tempStore({ now: () => now });
  const { images } = at.store;
  const image = { name: "b:latest", digest: sha256("1"), mediaType: "application/x", size: 3 };
  images.set(image, []);
  images.set({ ...image, name: "a:latest" }, []);
  now = 2000;
  images.set({ ...image, digest: sha256("2") }, []);
  assert.deepEqual(images.get("b:latest"), { ...image, digest: sha256("2"), updatedAt: 2000 });
  assert.deepEqual(
    images.list().map(({ name, updatedAt }) => [name, updatedAt]),
    [
      ["a:latest", 1000],
      ["b:latest", 2000],
    ],
  );
  assert.deepEqual([images.delete("a:latest"), images.delete("a:latest"), images.get("a:latest")], [true, false, undefined]);
});

test("G3: removedAt() knows what a prune removed, and when", async () => {
  await using at = await tempStore();
  const now = Date.UTC(2026, 0, 2);
  {
    await using store = await openStore({ root: at.store.root, now: () => now - 1000 });
    store.records.put("a", "1", "x");
    store.records.put("a", "2", "kept by an image");
    store.images.set({ name: "one", digest: sha256("x"), mediaType: "m", size: 1 }, [{ kind: "record", space: "a", id: "2" }]);
  }
  await at.store[Symbol.asyncDispose]();
  await using store = await openStore({ root: at.store.root, now: () => now });
  await store.prune({ all: true });
  assert.deepEqual([store.records.get("a", "1"), store.records.removedAt("a", "1")], [undefined, now]);
  assert.deepEqual([store.records.get("a", "2"), store.records.removedAt("a", "2")], ["kept by an image", undefined]);
  assert.equal(store.records.removedAt("a", "3"), undefined);
});
