/** A process that uses a store, for tests. Argument: mode and root. It prints a line when it has come somewhere. */
import { randomBytes } from "node:crypto";
import { writeFileSync, mkdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { bytesOf } from "../../bytes.ts";
import { type Digest, sha256 } from "../../digest.ts";
import { openStore } from "../index.ts";
import type { Store } from "../types.ts";

const [mode = "", root = "", argument = ""] = process.argv.slice(2);
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

/** Uses what is there while another process prunes; a record that is found must be whole. */
async function use(store: Store, turns: number): Promise<void> {
  for (let at = 0; at < turns; at += 1) {
    const id = `r${at % 7}`;
    const known = store.records.get("step", id);
    if (known === undefined) {
      const blob = await store.blobs.write(bytesOf(`${id}`));
      const staged = await store.dirs.create("layer");
      await staged.publish(id);
      await setImmediate();
      store.records.put("step", id, blob.digest, [
        { kind: "blob", id: blob.digest },
        { kind: "dir", space: "layer", id },
      ]);
    } else if (store.blobs.size(known as Digest) === undefined || store.dirs.find("layer", id) === undefined) {
      throw new Error(`record ${id} has lost what it needs in turn ${at}`);
    }
    const again = sha256(id);
    await setImmediate();
    if (String(await store.blobs.read(again, 100)) !== id) throw new Error("other content");
  }
}

/** Holds a lock until its input ends. */
async function hold(store: Store, name: string): Promise<void> {
  await using _ = await store.locks.acquire(name);
  say("held");
  for await (const _chunk of process.stdin);
}

/** Adds one to a number in a file, which needs the lock to come out right. */
async function count(store: Store, file: string): Promise<void> {
  const { readFileSync } = await import("node:fs");
  for (let at = 0; at < 50; at += 1) {
    await using _ = await store.locks.acquire("counter");
    const value = Number(readFileSync(file, "utf8"));
    await setImmediate();
    writeFileSync(file, String(value + 1));
  }
}

await using store = await openStore({ root });
if (mode === "write") await write(store);
else if (mode === "use") await use(store, Number(argument));
else if (mode === "hold") await hold(store, argument);
else if (mode === "count") await count(store, argument);
else if (mode === "build") store.history.begin(argument);
if (mode === "build") process.kill(process.pid, "SIGKILL");
