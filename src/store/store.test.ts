import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { runProcess } from "../sys/index.ts";
import { defaultStoreRoot } from "./root.ts";
import { openStore } from "./store.ts";
import { failsWith, startChild, temp, tempStore } from "./testdata/support.ts";

for (const [name, env, uid, want] of [
  ["DECANT_ROOT", { DECANT_ROOT: "/x/y", XDG_DATA_HOME: "/data", HOME: "/home/u" }, 1000, "/x/y"],
  ["DECANT_ROOT for root", { DECANT_ROOT: "/x/y" }, 0, "/x/y"],
  ["/var/lib for root", { HOME: "/root", XDG_DATA_HOME: "/data" }, 0, "/var/lib/decant"],
  ["XDG_DATA_HOME", { XDG_DATA_HOME: "/data", HOME: "/home/u" }, 1000, "/data/decant"],
  ["no relative XDG_DATA_HOME", { XDG_DATA_HOME: "data", HOME: "/home/u" }, 1000, "/home/u/.local/share/decant"],
  ["HOME", { DECANT_ROOT: "", HOME: "/home/u" }, 1000, "/home/u/.local/share/decant"],
] as const) {
  test(`defaultStoreRoot() takes ${name}`, () => assert.equal(defaultStoreRoot(env, uid), want));
}

test("defaultStoreRoot() says USAGE without a home", () => {
  assert.throws(() => defaultStoreRoot({}, 1000), failsWith("USAGE"));
});

test("openStore() makes a store for its owner alone, and leaves no trace of the process", async () => {
  await using dir = await temp();
  const root = join(dir.path, "deep/store");
  await (await openStore({ root }))[Symbol.asyncDispose]();
  assert.equal(statSync(root).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(root).toSorted(), ["blobs", "decant.db", "dirs", "locks", "logs", "reserve", "tmp"]);
  assert.deepEqual(readdirSync(join(root, "tmp")), []);
});

test("openStore() names a root that is a file, and one that is not writable", async (context) => {
  await using dir = await temp();
  writeFileSync(join(dir.path, "file"), "");
  await assert.rejects(openStore({ root: join(dir.path, "file") }), failsWith("STORE", /EEXIST|ENOTDIR/));
  const mounted = await runProcess({ argv: ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", dir.path] });
  if (mounted.exitCode !== 0) return context.skip("mounting needs root");
  try {
    await assert.rejects(
      openStore({ root: join(dir.path, "store") }),
      (error) => failsWith("STORE_READ_ONLY", new RegExp(dir.path))(error) && isDecantError(error) && /DECANT_ROOT/.test(error.hint ?? ""),
    );
  } finally {
    await runProcess({ argv: ["umount", dir.path] });
  }
});

for (const left of ["closed", "killed"] as const) {
  test(`openStore() reads a store on a read-only file system whose last process was ${left}`, async (context) => {
    await using dir = await temp();
    const mounted = await runProcess({ argv: ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", dir.path] });
    if (mounted.exitCode !== 0) return context.skip("mounting needs root");
    const root = join(dir.path, "store");
    try {
      {
        await using store = await openStore({ root });
        store.records.put("a", "1", true);
        await store.blobs.put("hello");
      }
      if (left === "killed") assert.deepEqual(await startChild("build", root, "a title").exit, { signal: "SIGKILL" });
      await runProcess({ argv: ["mount", "-o", "remount,ro", dir.path] });
      await assert.rejects(openStore({ root }), failsWith("STORE_READ_ONLY"));
      await using store = await openStore({ root, readOnly: true });
      assert.deepEqual([store.records.get("a", "1"), store.blobs.size(sha256("hello")), store.dirs.find("a", "b")], [true, 5, undefined]);
      assert.equal(String(await store.blobs.read(sha256("hello"), 5)), "hello");
      assert.deepEqual(
        store.history.list().map(({ title, state }) => [title, state]),
        left === "killed" ? [["a title", "failed"]] : [],
      );
      for (const write of [
        async () => store.blobs.put("x"),
        async () => store.records.put("a", "2", 1),
        async () => store.images.delete("a"),
        async () => store.dirs.create("a"),
        async () => store.scratch(),
        async () => store.history.begin("x"),
      ]) {
        await assert.rejects(write(), failsWith("STORE_READ_ONLY"));
      }
    } finally {
      await runProcess({ argv: ["umount", dir.path] });
    }
  });
}

test("openStore() for reading needs a store", async () => {
  await using dir = await temp();
  await assert.rejects(openStore({ root: join(dir.path, "none"), readOnly: true }), failsWith("STORE", /it does not exist/));
  assert.equal(existsSync(join(dir.path, "none")), false);
});

test("openStore() refuses the schema of a later version, and leaves it alone", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  await (await openStore({ root }))[Symbol.asyncDispose]();
  using database = new DatabaseSync(join(root, "decant.db"));
  database.exec("PRAGMA user_version = 99");
  for (const readOnly of [false, true]) await assert.rejects(openStore({ root, readOnly }), failsWith("STORE", /schema is 99/));
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 99);
  assert.deepEqual(readdirSync(join(root, "tmp")), []);
});

test("a damaged database is STORE_CORRUPT with a way out, and is not removed", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  mkdirSync(root);
  writeFileSync(join(root, "decant.db"), "this is not a database, this is not a database".repeat(100));
  await assert.rejects(
    openStore({ root }),
    (error) => failsWith("STORE_CORRUPT")(error) && isDecantError(error) && /Remove .*decant\.db.*lost/.test(error.hint ?? ""),
  );
  assert.match(readFileSync(join(root, "decant.db"), "utf8"), /^this is not/);
});

test("damaged rows are STORE_CORRUPT", async () => {
  await using at = await tempStore();
  using database = new DatabaseSync(join(at.root, "decant.db"));
  database.exec("INSERT INTO records VALUES ('a', '1', 0, 0, '{'); INSERT INTO images VALUES ('x', 'sha256:nonsense', '', 0, 0)");
  assert.throws(() => at.store.records.get("a", "1"), failsWith("STORE_CORRUPT"));
  assert.throws(() => at.store.images.get("x"), failsWith("STORE_CORRUPT"));
});

test("a transaction that another process keeps open is STORE_LOCKED", async () => {
  await using at = await tempStore({ busyTimeoutMs: 1 });
  using database = new DatabaseSync(join(at.root, "decant.db"));
  database.exec("BEGIN IMMEDIATE");
  assert.throws(() => at.store.records.put("a", "1", 1), failsWith("STORE_LOCKED"));
  database.exec("ROLLBACK");
  at.store.records.put("a", "1", 1);
});

test("history keeps builds, their logs, and says when a process died", async () => {
  await using at = await tempStore();
  const { history } = at.store;
  assert.deepEqual(await startChild("build", at.root, "killed").exit, { signal: "SIGKILL" });
  const one = history.begin("one");
  const two = history.begin("two");
  history.finish(two.id, "failed", "it broke");
  assert.deepEqual(
    history
      .list()
      .map(({ title, state, error }) => `${title} ${state}: ${error}`)
      .toSorted(),
    ["killed failed: The process ended before the build did", "one running: undefined", "two failed: it broke"],
  );
  assert.equal(history.list(1).length, 1);
  const names = ["step", "a/b", "a_b", "../x", ".", "", "x".repeat(300)].map((name) => history.logFile(one.id, name));
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    assert.equal(name.slice(0, name.lastIndexOf("/")), join(at.root, "logs", one.id));
    writeFileSync(name, "log");
  }
});

test("many processes open a new store at once", async () => {
  await using dir = await temp();
  const counter = join(dir.path, "counter");
  writeFileSync(counter, "0");
  const children = Array.from({ length: 6 }, () => startChild("count", join(dir.path, "store"), counter));
  for (const child of children) assert.deepEqual(await child.exit, { exitCode: 0 });
  assert.equal(readFileSync(counter, "utf8"), "60");
});

test("a process that is killed anywhere leaves nothing but garbage, and the next one sweeps it", async () => {
  await using dir = await temp();
  const root = join(dir.path, "store");
  const KILLS = 24;
  let next = 0;
  const killOne = async (): Promise<void> => {
    while (next < KILLS) {
      const lines = next % 11;
      next += 1;
      const child = startChild("write", root);
      let seen = 0;
      for await (const chunk of child.stdout) {
        seen += String(chunk).split("\n").length - 1;
        if (seen > lines) child.kill("SIGKILL");
      }
      assert.deepEqual(await child.exit, { signal: "SIGKILL" });
      await using store = await openStore({ root });
      assert.equal(store.records.ids("step").length >= 0, true);
    }
  };
  await Promise.all([killOne(), killOne()]);

  await using store = await openStore({ root });
  for (const hex of readdirSync(join(root, "blobs/sha256"))) {
    assert.equal(sha256(readFileSync(join(root, "blobs/sha256", hex))), `sha256:${hex}`);
  }
  for (const id of readdirSync(join(root, "dirs/layer"))) assert.equal(readFileSync(join(root, "dirs/layer", id, "a/file"), "utf8"), "x");
  for (const id of store.records.ids("step")) {
    const { blob, dir: directory } = store.records.get("step", id) as { blob: ReturnType<typeof sha256>; dir: string };
    assert.equal(store.blobs.size(blob), 400_000);
    assert.equal(store.dirs.find("layer", directory), join(root, "dirs/layer", directory));
  }
  await store.prune();
  // This process's own folder and its lock.
  assert.equal(readdirSync(join(root, "tmp")).length, 2);
  using database = new DatabaseSync(join(root, "decant.db"));
  assert.deepEqual(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
});

test(
  "U4: announcements of living processes are seen by all, also by those that only look, and go with their process",
  { timeout: 600_000 },
  async () => {
    await using dir = await tempStore();
    const { root, store } = dir;
    const own = store.announcements.make("thing", "ours");
    const child = startChild("announce", root, "theirs", new ReadableStream<Uint8Array>());
    assert.equal(String((await child.stdout[Symbol.asyncIterator]().next()).value), "announced\n");
    const texts = (of: typeof store): string[] =>
      of.announcements
        .list("thing")
        .map(({ text }) => text)
        .toSorted();
    assert.deepEqual(texts(store), ["ours", "theirs"]);
    assert.deepEqual(store.announcements.list("thin"), []);
    {
      await using looking = await openStore({ root, readOnly: true });
      assert.deepEqual(texts(looking), ["ours", "theirs"]);
      assert.throws(() => looking.announcements.make("thing", ""), failsWith("STORE_READ_ONLY"));
    }
    child.kill("SIGKILL");
    await child.exit;
    assert.deepEqual(texts(store), ["ours"]);
    own[Symbol.dispose]();
    assert.deepEqual(texts(store), []);
  },
);
