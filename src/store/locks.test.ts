import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { openStore } from "./store.ts";
import { failsWith, startChild, temp, tempStore } from "./testdata/support.ts";

/** Lets everything happen that can happen without the outside world. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

test("acquire() lets one in at a time, in the order of asking", async () => {
  await using at = await tempStore();
  const order: string[] = [];
  const worker = async (name: string): Promise<void> => {
    await using _ = await at.store.locks.acquire("x");
    order.push(`${name} in`);
    await setImmediate();
    order.push(`${name} out`);
  };
  await Promise.all(["a", "b", "c"].map(worker));
  assert.deepEqual(order, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  assert.deepEqual(readdirSync(join(at.root, "locks")), []);
});

test("H3: a lock whose file cannot be removed is given back, and the next process sweeps the file", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  {
    await using store = await openStore({ root });
    const lock = await store.locks.acquire("x");
    const [name = ""] = readdirSync(join(root, "locks"));
    const path = join(root, "locks", name);
    rmSync(path);
    mkdirSync(path);
    const waiting = store.locks.acquire("x");
    await assert.rejects(async () => await lock[Symbol.asyncDispose](), { code: "EISDIR" });
    await assert.rejects(waiting, failsWith("STORE"));
    rmdirSync(path);
    writeFileSync(path, "");
  }
  assert.equal(readdirSync(join(root, "locks")).length, 1);
  await using _store = await openStore({ root });
  assert.deepEqual(readdirSync(join(root, "locks")), []);
});

test("acquire() lets readers in together, and a writer not among them", async () => {
  await using at = await tempStore();
  const { locks } = at.store;
  const one = await locks.acquire("x", { shared: true });
  const two = await locks.acquire("x", { shared: true });
  let writing = false;
  const writer = locks.acquire("x").then((lock) => {
    writing = true;
    return lock;
  });
  // A reader that comes after the writer waits behind it.
  let reading = false;
  const late = locks.acquire("x", { shared: true }).then((lock) => {
    reading = true;
    return lock;
  });
  await one[Symbol.asyncDispose]();
  await settle();
  assert.deepEqual([writing, reading], [false, false]);
  await two[Symbol.asyncDispose]();
  const held = await writer;
  await settle();
  assert.equal(reading, false);
  await held[Symbol.asyncDispose]();
  await (await late)[Symbol.asyncDispose]();
});

test("tryAcquire() lets readers in together, in all open stores, and no writer", async () => {
  await using at = await tempStore();
  await using other = await openStore({ root: at.root });
  const readers = [
    await at.store.locks.tryAcquire("x", { shared: true }),
    await at.store.locks.tryAcquire("x", { shared: true }),
    await other.locks.tryAcquire("x", { shared: true }),
  ];
  assert.equal(readers.includes(undefined), false);
  assert.equal(await other.locks.tryAcquire("x"), undefined);
  for (const reader of readers) await reader?.[Symbol.asyncDispose]();
  await using writer = await other.locks.tryAcquire("x");
  assert.notEqual(writer, undefined);
  assert.equal(await at.store.locks.tryAcquire("x", { shared: true }), undefined);
});

test("tryAcquire() gives nothing while somebody has it, here or in another open store", async () => {
  await using at = await tempStore();
  await using other = await openStore({ root: at.root });
  const lock = await at.store.locks.acquire("x");
  assert.equal(await at.store.locks.tryAcquire("x"), undefined);
  assert.equal(await other.locks.tryAcquire("x"), undefined);
  await using unrelated = await other.locks.tryAcquire("y");
  assert.notEqual(unrelated, undefined);
  await lock[Symbol.asyncDispose]();
  await lock[Symbol.asyncDispose]();
  const again = await other.locks.tryAcquire("x");
  assert.notEqual(again, undefined);
  await again?.[Symbol.asyncDispose]();
});

test("acquire() rejects with the reason of an abort, in the queue and behind another process", async () => {
  await using at = await tempStore();
  await using other = await openStore({ root: at.root });
  await using _ = await at.store.locks.acquire("x");
  for (const { locks } of [at.store, other]) {
    const stop = new AbortController();
    const waiting = locks.acquire("x", { signal: stop.signal });
    await settle();
    stop.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
  }
  await assert.rejects(at.store.locks.acquire("y", { signal: AbortSignal.abort(new Error("before")) }), /before/);
});

test("a lock of a killed process is free", async () => {
  await using at = await tempStore();
  const { promise: killed, resolve: kill } = Promise.withResolvers<void>();
  const child = startChild(
    "hold",
    at.root,
    "x",
    (async function* () {
      yield Buffer.from("");
      await killed;
    })(),
  );
  for await (const chunk of child.stdout) {
    assert.equal(String(chunk), "held\n");
    assert.equal(await at.store.locks.tryAcquire("x"), undefined);
    child.kill("SIGKILL");
  }
  await child.exit;
  kill();
  await using _ = await at.store.locks.acquire("x");
});

test("processes that contend for a lock take turns", async () => {
  await using dir = await temp();
  const counter = join(dir.path, "counter");
  writeFileSync(counter, "0");
  const children = [1, 2, 3].map(() => startChild("count", join(dir.path, "store"), counter));
  for (const child of children) assert.deepEqual(await child.exit, { exitCode: 0 });
  assert.equal(readFileSync(counter, "utf8"), "30");
  assert.deepEqual(readdirSync(join(dir.path, "store/locks")), []);
});

test("a store that is open for reading has no locks", async () => {
  await using at = await tempStore();
  await using reader = await openStore({ root: at.root, readOnly: true });
  await assert.rejects(reader.locks.acquire("x"), failsWith("STORE_READ_ONLY"));
});
