/** A process that uses a store, for tests. Argument: mode and root. It prints a line when it has come somewhere. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { sha256 } from "../../digest.ts";
import { openStore } from "../index.ts";
import type { Store } from "../types.ts";

const [mode = "", root = "", argument = ""] = process.argv.slice(2);
/** Time runs 1000 times faster, so that everything grows old in a moment; all processes agree on it. */
const now = (): number => EPOCH + (Date.now() - EPOCH) * 1000;
const EPOCH = Math.floor(Date.now() / 1e8) * 1e8;
const say = (line: string): void => writeFileSync(1, `${line}\n`);

/** Writes everything that there is to write, for ever. */
async function write(store: Store): Promise<void> {
  for (let at = 0; ; at += 1) {
    say("turn");
    const chunks = (async function* () {
      for (let part = 0; part < 20; part += 1) {
        yield randomBytes(20_000);
        await setImmediate();
      }
    })();
    const blob = await store.blobs.write(chunks);
    say("blob");
    const staged = await store.dirs.create("layer");
    mkdirSync(`${staged.path}/a`);
    writeFileSync(`${staged.path}/a/file`, "x");
    say("staged");
    await staged.publish(`${process.pid}-${at}`);
    store.records.put("step", `${process.pid}-${at}`, { blob: blob.digest, dir: `${process.pid}-${at}` }, [
      { kind: "blob", id: blob.digest },
      { kind: "dir", space: "layer", id: `${process.pid}-${at}` },
    ]);
    const scratch = await store.scratch();
    writeFileSync(`${scratch.path}/file`, "x");
    say("record");
  }
}

/**
 * Uses what is there while another process prunes, in many short lives; a record that is found must be whole as long as its reader lives.
 */
async function use(lives: number): Promise<void> {
  for (let life = 0; life < lives; life += 1) {
    await using store = await openStore({ root, now });
    const whole: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const id = `r${(Math.floor(life / 20) + turn) % 12}`;
      if (store.records.get("step", id) === undefined) {
        const blob = await store.blobs.put(id);
        await using staged = await store.dirs.create("layer");
        await staged.publish(id);
        await setImmediate();
        store.records.put("step", id, true, [
          { kind: "blob", id: blob.digest },
          { kind: "dir", space: "layer", id },
        ]);
      }
      whole.push(id);
      await setImmediate();
      for (const one of whole) {
        if (String(await store.blobs.read(sha256(one), 100)) !== one) throw new Error("other content");
        if (store.dirs.find("layer", one) === undefined) throw new Error(`record ${one} has lost its directory`);
      }
    }
  }
}

/** Prunes all the time until its input ends; the sum of what went is printed. */
async function pruneAll(): Promise<void> {
  let sum = 0;
  process.stdin.resume();
  while (!process.stdin.readableEnded) {
    await using store = await openStore({ root, now });
    const { blobs, dirs, records } = await store.prune({ all: true });
    sum += blobs + dirs + records;
    await setImmediate();
  }
  say(String(sum));
}

/** Reads a record, and stops before it writes down that it did. */
function stall(store: Store): void {
  store.records.get("step", "1");
  say("read");
  process.kill(process.pid, "SIGSTOP");
}

/** Holds a lock until its input ends. */
async function hold(store: Store, name: string): Promise<void> {
  await using _ = await store.locks.acquire(name);
  say("held");
  for await (const _chunk of process.stdin);
}

/** Announces a thing until its input ends. */
async function announce(store: Store, text: string): Promise<void> {
  using _ = store.announcements.make("thing", text);
  say("announced");
  for await (const _chunk of process.stdin);
}

/** Adds one to a number in a file, which needs the lock to come out right. */
async function count(store: Store, file: string): Promise<void> {
  for (let at = 0; at < 10; at += 1) {
    await using _ = await store.locks.acquire("counter");
    const value = Number(readFileSync(file, "utf8"));
    await setImmediate();
    writeFileSync(file, String(value + 1));
  }
}

if (mode === "use") await use(Number(argument));
else if (mode === "prune") await pruneAll();
else {
  await using store = await openStore({ root });
  if (mode === "write") await write(store);
  else if (mode === "stall") stall(store);
  else if (mode === "hold") await hold(store, argument);
  else if (mode === "announce") await announce(store, argument);
  else if (mode === "count") await count(store, argument);
  else if (mode === "build") {
    store.history.begin(argument);
    process.kill(process.pid, "SIGKILL");
  }
}
