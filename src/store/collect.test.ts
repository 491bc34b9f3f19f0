/** G6: the collector keeps to its policy, and takes nothing that an image, a record or a running process needs. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { allOf } from "../async.ts";
import { type Digest, isDigest } from "../digest.ts";
import { openStore } from "./store.ts";
import { startChild, temp } from "./testdata/support.ts";
import type { GcPolicy, Ref, Store } from "./types.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const IMAGE = { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 1 };
const KB = 1000;

/** A store whose clock goes on by an hour with every opening. */
function hourly(root: string): () => Promise<Store> {
  let now = 1_700_000_000_000;
  return () => {
    now += HOUR;
    const at = now;
    return openStore({ root, now: () => at });
  };
}

async function blobRef(store: Store, name: string, sizeBytes: number): Promise<Ref> {
  return { kind: "blob", id: (await store.blobs.put(name.padEnd(sizeBytes, "."))).digest };
}

/** One record of a kilobyte-sized blob. */
async function record(store: Store, id: string, sizeBytes: number, space = "action"): Promise<void> {
  store.records.put(space, id, id, [await blobRef(store, `${space} ${id}`, sizeBytes)]);
}

async function collect(open: () => Promise<Store>, policy: GcPolicy): Promise<Awaited<ReturnType<Store["prune"]>>> {
  await using store = await open();
  return await store.prune({ policy });
}

async function ids(open: () => Promise<Store>, space = "action"): Promise<string[]> {
  await using store = await open();
  return store.records.ids(space).toSorted();
}

test("G6: what was used least recently goes until the cache is within its cap, and it is known when", async () => {
  await using dir = await temp();
  const open = hourly(join(dir.path, "store"));
  for (const id of ["a", "b", "c", "d"]) {
    await using store = await open();
    await record(store, id, 10 * KB);
  }
  {
    await using store = await open();
    assert.equal(store.records.get("action", "a"), "a");
  }
  const { kept, records } = await collect(open, { maxUsedBytes: 25 * KB });
  assert.deepEqual([records, kept.cacheBytes], [2, 20 * KB]);
  assert.deepEqual(await ids(open), ["a", "d"]);
  await using store = await open();
  assert.notEqual(store.records.removedAt("action", "b"), undefined);
  assert.equal(store.records.removedAt("action", "a"), undefined);
});

test("G6: a cache within its policy is left alone, and reserved space stays", async () => {
  await using dir = await temp();
  const open = hourly(join(dir.path, "store"));
  for (const id of ["a", "b"]) {
    await using store = await open();
    await record(store, id, 10 * KB);
  }
  assert.equal((await collect(open, { maxUsedBytes: 20 * KB })).records, 0);
  assert.equal((await collect(open, { maxUsedBytes: 0, reservedBytes: 30 * KB })).records, 0);
  // No disk has so much free.
  assert.equal((await collect(open, { minFreeBytes: Number.MAX_SAFE_INTEGER, reservedBytes: 10 * KB })).records, 1);
  assert.deepEqual(await ids(open), ["b"]);
});

test("G6: each kind has a time of its own", async () => {
  await using dir = await temp();
  const open = hourly(join(dir.path, "store"));
  {
    await using store = await open();
    for (const space of ["action", "cache-mount", "http"]) await record(store, "old", KB, space);
  }
  for (let hour = 0; hour < 30; hour += 1) await (await open())[Symbol.asyncDispose]();
  await collect(open, { keepMs: { layers: 2 * DAY, mounts: DAY, sources: 7 * DAY } });
  assert.deepEqual([await ids(open), await ids(open, "cache-mount"), await ids(open, "http")], [["old"], [], ["old"]]);
});

test("G6: images and what a running process uses stay, whatever the cap is", async () => {
  await using dir = await temp();
  const open = hourly(join(dir.path, "store"));
  {
    await using store = await open();
    for (const id of ["used", "free", "named"]) await record(store, id, 10 * KB);
    const needs: Ref = { kind: "record", space: "action", id: "named" };
    const { id } = (await blobRef(store, "manifest", 100)) as Extract<Ref, { kind: "blob" }>;
    store.images.set({ name: "app", digest: id, ...IMAGE }, [needs]);
  }
  await using running = await open();
  assert.equal(running.records.get("action", "used"), "used");
  await collect(open, { maxUsedBytes: 0 });
  assert.deepEqual(await ids(open), ["named", "used"]);
});

test("G6: directories count, and one that changes in its place is measured anew", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const open = hourly(root);
  const sizeOf = async (): Promise<number> => (await collect(open, { maxUsedBytes: 1e9 })).kept.cacheBytes;
  {
    await using store = await open();
    await using staged = await store.dirs.create("cache-mount");
    await staged.publish("m");
    store.records.put("cache-mount", "m", true, [{ kind: "dir", space: "cache-mount", id: "m" }]);
  }
  assert.equal(await sizeOf(), 0);
  writeFileSync(join(root, "dirs/cache-mount/m/file"), "x".repeat(100 * KB));
  const grown = await sizeOf();
  assert.ok(grown >= 100 * KB, String(grown));
  await collect(open, { maxUsedBytes: 50 * KB });
  assert.equal(existsSync(join(root, "dirs/cache-mount/m")), false);
});

type Step =
  | { readonly do: "build"; readonly id: number; readonly sizes: readonly number[]; readonly on: number; readonly tag: boolean }
  | { readonly do: "use" | "untag"; readonly id: number }
  | { readonly do: "gc"; readonly capKb: number; readonly during: number };

const small = fc.nat(5);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("build"),
        id: small,
        sizes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
        on: small,
        tag: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("use", "untag"), id: small }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("gc"), capKb: fc.nat(30), during: small }) },
  ),
  { minLength: 4, maxLength: 16 },
);

/** A result with a directory, on another one if that is there. */
async function build(store: Store, { id, sizes, on, tag }: Extract<Step, { do: "build" }>): Promise<void> {
  const refs: Ref[] = [];
  for (const size of sizes) refs.push(await blobRef(store, `blob ${size}`, size * KB));
  await using staged = await store.dirs.create("layer");
  writeFileSync(join(staged.path, "file"), "x".repeat(id * KB));
  await staged.publish(`d${id}`);
  refs.push({ kind: "dir", space: "layer", id: `d${id}` });
  if (on < id && store.records.get("action", String(on)) !== undefined) refs.push({ kind: "record", space: "action", id: String(on) });
  store.records.put("action", String(id), [...refs], refs);
  if (!tag) return;
  const manifest = await blobRef(store, `manifest ${id}`, 50);
  if (manifest.kind !== "blob") return;
  store.images.set({ name: String(id), digest: manifest.id, ...IMAGE }, [{ kind: "record", space: "action", id: String(id) }]);
}

/** Everything that a record says it needs, is there. */
function checkWhole(store: Store, id: string): void {
  const refs = store.records.get("action", id) as readonly Ref[];
  for (const ref of refs) {
    if (ref.kind === "blob") assert.ok(isDigest(ref.id) && store.blobs.size(ref.id) !== undefined, `record ${id} lost blob ${ref.id}`);
    else if (ref.kind === "dir") assert.ok(store.dirs.find(ref.space, ref.id) !== undefined, `record ${id} lost directory ${ref.id}`);
    else assert.ok(store.records.get(ref.space, ref.id) !== undefined, `record ${id} lost record ${ref.id}`);
  }
}

test("G6: of random builds, tags and collections no living image or record loses anything, and the cap holds", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      await using dir = await temp();
      const open = hourly(join(dir.path, "store"));
      for (const step of list) {
        if (step.do === "gc") {
          // A process that has one of the records in its hands meanwhile.
          await using running = await open();
          const held = running.records.get("action", String(step.during)) !== undefined;
          const { kept } = await collect(open, { maxUsedBytes: step.capKb * KB });
          if (held) checkWhole(running, String(step.during));
          else assert.ok(kept.cacheBytes <= step.capKb * KB, `${kept.cacheBytes} bytes of ${step.capKb} kB`);
          continue;
        }
        await using store = await open();
        if (step.do === "build") await build(store, step);
        else if (step.do === "untag") store.images.delete(String(step.id));
        else store.records.get("action", String(step.id));
      }
      await using store = await open();
      for (const id of store.records.ids("action")) checkWhole(store, id);
      for (const { name, digest } of store.images.list()) {
        assert.ok(store.blobs.size(digest) !== undefined);
        for (const ref of store.images.refs(name))
          if (ref.kind === "record") assert.ok(store.records.get("action", ref.id) !== undefined, `image ${name} lost its record`);
      }
    }),
    { numRuns: 20 },
  );
});

test("G6: builds that are killed while collectors run leave whole records, and nothing over the cap", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const policy: GcPolicy = { maxUsedBytes: 1000 * KB };
  const killOne = async (lines: number): Promise<void> => {
    const child = startChild("write", root);
    let seen = 0;
    for await (const chunk of child.stdout) {
      seen += String(chunk).split("\n").length - 1;
      if (seen > lines) child.kill("SIGKILL");
      else {
        await using store = await openStore({ root });
        await store.prune({ policy });
      }
    }
    assert.deepEqual(await child.exit, { signal: "SIGKILL" });
  };
  await allOf([killOne(9), killOne(23), killOne(30)]);
  {
    await using store = await openStore({ root });
    for (const id of store.records.ids("step")) {
      const { blob, dir: made } = store.records.get("step", id) as { readonly blob: Digest; readonly dir: string };
      assert.ok(store.blobs.size(blob) !== undefined && store.dirs.find("layer", made) !== undefined, id);
    }
  }
  // What the dead have made is in nobody's hands now.
  await using last = await openStore({ root });
  const { kept } = await last.prune({ policy });
  assert.ok(kept.cacheBytes + kept.usedBytes <= 1000 * KB, JSON.stringify(kept));
});
