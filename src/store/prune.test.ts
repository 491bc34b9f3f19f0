import assert from "node:assert/strict";
import { existsSync, linkSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { fc } from "../../test/support/property.ts";
import { bytesOf, collect } from "../bytes.ts";
import { type Digest, sha256 } from "../digest.ts";
import { announcedIsOver, USES } from "./presence.ts";
import { openStore } from "./store.ts";
import { failsWith, startChild, temp, tempStore } from "./testdata/support.ts";
import type { Ref, Store } from "./types.ts";

const HOUR = 3_600_000;
const IMAGE = { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 1 };

/** A clock that goes on by an hour for every store that is opened. */
function hourly(root: string): { readonly open: () => Promise<Store>; readonly sleep: (ms: number) => void } {
  let now = 1_700_000_000_000;
  return {
    open: () => {
      now += HOUR;
      return openStore({ root, now: () => now });
    },
    sleep: (ms) => void (now += ms),
  };
}

async function publish(store: Store, id: string): Promise<Ref> {
  await using staged = await store.dirs.create("layer");
  writeFileSync(join(staged.path, "file"), "x".repeat(5000));
  await staged.publish(id);
  return { kind: "dir", space: "layer", id };
}

async function blob(store: Store, text: string): Promise<Ref & { readonly id: Digest }> {
  return { kind: "blob", id: (await store.blobs.put(text)).digest };
}

test("prune() removes what neither an image nor a record needs", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  const garbage = sha256("garbage");
  {
    await using store = await clock.open();
    await store.blobs.put("garbage");
    await publish(store, "garbage");
    const layer = await blob(store, "layer");
    store.records.put("layer", "1", true, [layer, await publish(store, "kept")]);
    store.records.put("step", "1", true, [{ kind: "record", space: "layer", id: "1" }]);
    store.images.set({ name: "app", digest: (await blob(store, "manifest")).id, ...IMAGE }, [await blob(store, "config")]);
  }
  await using store = await clock.open();
  const result = await store.prune();
  const { kept, freedBytes, ...counts } = result;
  assert.deepEqual({ ...counts, freedBytes: freedBytes >= 5007 }, { blobs: 1, dirs: 1, records: 0, freedBytes: true });
  const dirBytes = kept.cacheBytes - "layer".length;
  assert.deepEqual({ ...kept, cacheBytes: dirBytes >= 5000 }, { imageBytes: "manifestconfig".length, cacheBytes: true, usedBytes: 0 });
  assert.equal(store.blobs.size(garbage), undefined);
  for (const text of ["layer", "manifest", "config"]) assert.equal(store.blobs.size(sha256(text)), text.length);
  assert.equal(store.dirs.find("layer", "garbage"), undefined);
  assert.notEqual(store.dirs.find("layer", "kept"), undefined);
});

test("A9: prune() tells what holds the rest: images, records alone, who uses it; a file with two names counts once", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  const sizes = { image: 10_000, both: 20_000, cache: 40_000 };
  {
    await using store = await clock.open();
    const [image, both, cache] = await Promise.all(Object.values(sizes).map((size) => blob(store, "x".repeat(size))));
    assert.ok(image && both && cache);
    await using staged = await store.dirs.create("layer");
    writeFileSync(join(staged.path, "file"), "x".repeat(100_000));
    linkSync(join(staged.path, "file"), join(staged.path, "twin"));
    symlinkSync("/usr", join(staged.path, "link"));
    await staged.publish("1");
    store.records.put("layer", "1", true, [cache, both, { kind: "dir", space: "layer", id: "1" }]);
    store.images.set({ name: "app", digest: image.id, ...IMAGE }, [both]);
  }
  await using store = await clock.open();
  const { kept } = await store.prune();
  assert.equal(kept.imageBytes, sizes.image + sizes.both);
  assert.ok(kept.cacheBytes >= sizes.cache + 100_000 && kept.cacheBytes < sizes.cache + 150_000, String(kept.cacheBytes));
  assert.equal(kept.usedBytes, 0);
});

for (const [name, startedAt, keptAs] of [
  ["in whole seconds, as ext3 does", 1_700_000_000_900, 1_700_000_000],
  ["in steps of two seconds, as FAT does", 1_700_000_001_900, 1_700_000_000],
  ["in steps of 10 ms, as exFAT does", 1_700_000_000_129, 1_700_000_000.12],
] as const)
  test(`H3: prune() keeps what was just made where the file system keeps times ${name}`, async () => {
    await using dir = await temp();
    const root = join(dir.path, "store");
    await using builder = await openStore({ root, now: () => startedAt });
    const { digest } = await builder.blobs.put("new");
    utimesSync(join(root, "blobs", digest.replace(":", "/")), keptAs, keptAs);
    await using pruner = await openStore({ root, now: () => startedAt + HOUR });
    assert.equal((await pruner.prune({ all: true })).blobs, 0);
  });

test("prune() with olderThanMs removes records that were not used since", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  {
    await using store = await clock.open();
    store.records.put("step", "unused", true, [await blob(store, "unused")]);
    store.records.put("step", "used", true, [await blob(store, "used")]);
  }
  clock.sleep(10 * HOUR);
  {
    await using store = await clock.open();
    assert.equal(store.records.get("step", "used"), true);
  }
  await using store = await clock.open();
  assert.equal((await store.prune({ olderThanMs: 5 * HOUR })).records, 1);
  assert.deepEqual(store.records.ids("step"), ["used"]);
  assert.deepEqual([store.blobs.size(sha256("used")), store.blobs.size(sha256("unused"))], [4, undefined]);
});

test("prune() with all keeps the records that images need", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  {
    await using store = await clock.open();
    const layer = await blob(store, "layer");
    store.records.put("layer", "needed", true, [layer]);
    store.records.put("step", "cache", true, [{ kind: "record", space: "layer", id: "needed" }]);
    store.images.set({ name: "app", digest: (await blob(store, "manifest")).id, ...IMAGE }, [
      { kind: "record", space: "layer", id: "needed" },
    ]);
  }
  {
    await using store = await clock.open();
    assert.deepEqual(await store.prune({ all: true }).then(({ records, blobs }) => ({ records, blobs })), { records: 1, blobs: 0 });
    assert.equal(store.blobs.size(sha256("layer")), 5);
    store.images.delete("app");
  }
  await using store = await clock.open();
  assert.deepEqual(await store.prune({ all: true }).then(({ records, blobs }) => ({ records, blobs })), { records: 1, blobs: 2 });
});

test("prune() leaves alone what this process has made or looked at", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  {
    await using store = await clock.open();
    await store.blobs.put("old");
    await store.blobs.put("forgotten");
    await publish(store, "old");
    store.records.put("step", "read", true, [await blob(store, "needed")]);
    store.records.put("step", "unread", true);
  }
  await using store = await clock.open();
  await store.blobs.put("new");
  store.blobs.size(sha256("old"));
  store.dirs.find("layer", "old");
  store.records.get("step", "read");
  const { kept, ...freed } = await store.prune({ all: true });
  assert.deepEqual(freed, { blobs: 1, dirs: 0, records: 1, freedBytes: "forgotten".length });
  assert.equal(kept.cacheBytes, "needed".length);
  assert.equal(store.blobs.size(sha256("needed")), 6);
});

test("prune() leaves alone what a process that is older may use", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  await using builder = await clock.open();
  await builder.blobs.put("new");
  builder.records.put("step", "new", true);
  await using pruner = await clock.open();
  const kept = { imageBytes: 0, cacheBytes: 0, usedBytes: "new".length };
  assert.deepEqual(await pruner.prune({ all: true }), { blobs: 0, dirs: 0, records: 0, freedBytes: 0, kept });
  assert.equal(builder.records.get("step", "new"), true);
});

test("prune() empties the garbage of dead processes, and of locks and logs", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const clock = hourly(root);
  {
    await using store = await clock.open();
    const build = store.history.begin("old");
    writeFileSync(store.history.logFile(build.id, "step"), "log");
    store.history.finish(build.id, "done");
  }
  await using store = await clock.open();
  await store.prune({ all: true });
  assert.deepEqual([store.history.list(), readdirSync(join(root, "logs")), readdirSync(join(root, "locks"))], [[], [], []]);
});

test("prune() needs a store that is open for writing, and hears an abort", async () => {
  await using at = await tempStore();
  await using reader = await openStore({ root: at.root, readOnly: true });
  await assert.rejects(reader.prune(), failsWith("STORE_READ_ONLY"));
  await assert.rejects(at.store.prune({ signal: AbortSignal.abort(new Error("stop")) }), /stop/);
});

test("a record that is read while a prune runs is not lost", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  {
    await using store = await clock.open();
    store.records.put("step", "1", true, [await blob(store, "needed")]);
    store.records.put("step", "2", true);
  }
  clock.sleep(HOUR);
  await using builder = await clock.open();
  await using pruner = await clock.open();
  const pruning = pruner.prune({ all: true });
  // The prune has marked what it will remove, and waits for us.
  assert.equal(builder.records.get("step", "1"), true);
  assert.equal((await pruning).records, 1);
  assert.deepEqual([builder.records.get("step", "1"), builder.records.get("step", "2")], [true, undefined]);
  assert.equal(builder.blobs.size(sha256("needed")), 6);
});

test("X2: a prune deletes only records that it has marked, each with what it needs", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const clock = hourly(root);
  {
    await using store = await clock.open();
    store.records.put("step", "unused", true, [await blob(store, "unused")]);
  }
  await using stack = new AsyncDisposableStack();
  const builder = stack.use(await clock.open());
  builder.records.put("step", "new", true, [await blob(builder, "new"), await publish(builder, "new")]);
  const announced = join(root, "tmp", readdirSync(join(root, "tmp")).find((name) => !name.endsWith(".lock")) ?? "", `${USES}1`);
  writeFileSync(announced, "");
  await using pruner = await clock.open();
  const pruning = pruner.prune({ all: true });
  using database = new DatabaseSync(join(root, "decant.db"));
  const marked = database.prepare("SELECT doomed FROM records WHERE id = 'unused'");
  while (marked.get()?.["doomed"] !== 1) await setImmediate();
  // What kept "new" from being marked goes now.
  await stack.disposeAsync();
  const { blobs, dirs, records } = await pruning;
  assert.deepEqual({ blobs, dirs, records }, { blobs: 1, dirs: 0, records: 1 });
  assert.deepEqual(pruner.records.ids("step"), ["new"]);
  assert.equal(database.prepare("SELECT count(*) AS count FROM refs").get()?.["count"], 2);
  assert.equal(pruner.blobs.size(sha256("new")), 3);
  assert.notEqual(pruner.dirs.find("layer", "new"), undefined);
});

test("X2: a prune waits until uses that are announced are written down", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  {
    const clock = hourly(root);
    await using store = await clock.open();
    store.records.put("step", "1", true);
  }
  // It reads the record, and its event loop gets no further.
  const reader = startChild("stall", root);
  assert.equal(String((await reader.stdout[Symbol.asyncIterator]().next()).value), "read\n");
  await using pruner = await openStore({ root });
  assert.equal(await announcedIsOver(join(root, "tmp"), { kind: USES, ownId: "", maxMs: 20 }), false);
  const pruning = pruner.prune({ all: true });
  reader.kill("SIGCONT");
  assert.equal((await pruning).records, 0);
  assert.equal(pruner.records.get("step", "1"), true);
  reader.kill("SIGKILL");
});

test("X2: a blob that is written again is in use, although one with its bytes was there", async () => {
  await using dir = await temp();
  const clock = hourly(join(dir.path, "store"));
  {
    await using store = await clock.open();
    await store.blobs.put("again");
  }
  await using builder = await clock.open();
  await builder.blobs.write(bytesOf("again"));
  await using pruner = await clock.open();
  assert.equal((await pruner.prune({ all: true })).blobs, 0);
  assert.equal(builder.blobs.size(sha256("again")), 5);
});

test("processes that build while another prunes never lose what they use", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const builders = [1, 2].map(() => startChild("use", root, "300"));
  const ended = Promise.all(builders.map((child) => child.exit));
  const pruner = startChild(
    "prune",
    root,
    "",
    (async function* () {
      yield Buffer.from("");
      await ended;
    })(),
  );
  assert.deepEqual(await ended, [{ exitCode: 0 }, { exitCode: 0 }]);
  assert.deepEqual(await pruner.exit, { exitCode: 0 });
  // Otherwise the test has shown nothing.
  assert.notEqual(Number(await collect(pruner.stdout, 100)), 0);
});

/** What the model does to a store and to itself; ids are small, so that they meet. */
type Step =
  | {
      readonly do: "record" | "image";
      readonly id: number;
      readonly blobs: readonly number[];
      readonly dirs: readonly number[];
      readonly needs: readonly number[];
    }
  | { readonly do: "drop record" | "drop image" | "read"; readonly id: number }
  | { readonly do: "prune"; readonly all: boolean };

const small = fc.nat(4);
const some = fc.uniqueArray(small, { maxLength: 3 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("record", "image"), id: small, blobs: some, dirs: some, needs: some }),
    fc.record({ do: fc.constantFrom("drop record", "drop image", "read"), id: small }),
    fc.record({ do: fc.constant("prune"), all: fc.boolean() }),
  ),
  { minLength: 3, maxLength: 14 },
);

/** The rules in their shortest form: roots, then whatever they need. */
function survivors(records: ReadonlyMap<number, Needs>, images: ReadonlyMap<number, Needs>, all: boolean): Needs {
  const live: Needs = { blobs: new Set(), dirs: new Set(), records: new Set() };
  const keep = (needs: Needs): void => {
    for (const at of needs.blobs) live.blobs.add(at);
    for (const at of needs.dirs) live.dirs.add(at);
    for (const at of needs.records) keepRecord(at);
  };
  const keepRecord = (id: number): void => {
    const needs = records.get(id);
    if (live.records.has(id) || needs === undefined) return;
    live.records.add(id);
    keep(needs);
  };
  for (const needs of images.values()) keep(needs);
  if (!all) for (const id of records.keys()) keepRecord(id);
  return live;
}

interface Needs {
  readonly blobs: Set<number>;
  readonly dirs: Set<number>;
  readonly records: Set<number>;
}

test("prune() agrees with a model of refs and roots", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      await using dir = await temp();
      const root = join(dir.path, "store");
      const clock = hourly(root);
      const records = new Map<number, Needs>();
      const images = new Map<number, Needs>();
      let present: Needs = { blobs: new Set(), dirs: new Set(), records: new Set() };
      for (const step of list) {
        await using store = await clock.open();
        if (step.do === "record" || step.do === "image") {
          const refs: Ref[] = step.needs.map((id) => ({ kind: "record", space: "r", id: String(id) }));
          for (const id of step.blobs) refs.push(await blob(store, `blob ${id}`));
          for (const id of step.dirs) refs.push(await publish(store, `dir${id}`));
          const needs = { blobs: new Set(step.blobs), dirs: new Set(step.dirs), records: new Set(step.needs) };
          if (step.do === "record") store.records.put("r", String(step.id), step.id, refs);
          else store.images.set({ name: String(step.id), digest: (await blob(store, "manifest")).id, ...IMAGE }, refs);
          (step.do === "record" ? records : images).set(step.id, needs);
          present = { blobs: present.blobs.union(needs.blobs), dirs: present.dirs.union(needs.dirs), records: present.records };
        } else if (step.do === "prune") {
          await store.prune({ all: step.all });
          const live = survivors(records, images, step.all);
          for (const id of records.keys()) if (!live.records.has(id)) records.delete(id);
          present = { ...live, blobs: present.blobs.intersection(live.blobs), dirs: present.dirs.intersection(live.dirs) };
        } else if (step.do === "drop record") {
          store.records.delete("r", String(step.id));
          records.delete(step.id);
        } else if (step.do === "drop image") {
          store.images.delete(String(step.id));
          images.delete(step.id);
        } else store.records.get("r", String(step.id));
      }
      await using store = await clock.open();
      const ids = [0, 1, 2, 3, 4];
      assert.deepEqual(store.records.ids("r").toSorted(), [...records.keys()].map(String).toSorted());
      assert.deepEqual(
        ids.filter((id) => store.blobs.size(sha256(`blob ${id}`)) !== undefined),
        ids.filter((id) => present.blobs.has(id)),
      );
      assert.deepEqual(
        ids.filter((id) => existsSync(join(root, `dirs/layer/dir${id}`))),
        ids.filter((id) => present.dirs.has(id)),
      );
    }),
    { numRuns: 40 },
  );
});

test("H3: prune() keeps what a process uses whose clock was set back after it had started", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  let now = 1_700_000_000_000;
  const open = (): Promise<Store> => openStore({ root, now: () => now });
  {
    await using store = await open();
    await blob(store, "used");
    await publish(store, "used");
    store.records.put("step", "1", true, []);
  }
  now += HOUR;
  await using user = await open();
  now -= HOUR / 2;
  assert.equal(user.blobs.size(sha256("used")), 4);
  assert.notEqual(user.dirs.find("layer", "used"), undefined);
  assert.notEqual(user.records.get("step", "1"), undefined);
  now += 60_000;
  await using pruner = await open();
  await pruner.prune({ all: true });
  assert.equal(user.blobs.size(sha256("used")), 4);
  assert.notEqual(user.dirs.find("layer", "used"), undefined);
  assert.notEqual(user.records.get("step", "1"), undefined);
});
