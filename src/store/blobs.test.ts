import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bytesOf, collect } from "../bytes.ts";
import { createHasher, sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { runProcess } from "../sys/index.ts";
import { openStore } from "./store.ts";
import { failsWith, temp, tempStore } from "./testdata/support.ts";

const HELLO = { digest: sha256("hello"), size: 5 };

/** Files below tmp/ of the store: what a failed write may have left. */
function leftovers(root: string): string[] {
  return readdirSync(join(root, "tmp"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".lock"))
    .map((entry) => entry.name);
}

test("write() stores a stream under its digest", async () => {
  await using at = await tempStore();
  assert.deepEqual(await at.store.blobs.write(bytesOf("hello")), HELLO);
  assert.equal(readFileSync(at.store.blobs.path(HELLO.digest), "utf8"), "hello");
  assert.equal(at.store.blobs.size(HELLO.digest), 5);
  assert.deepEqual(leftovers(at.root), []);
});

test("write() keeps small and large chunks in order", async () => {
  await using at = await tempStore();
  const chunks = [1, 300_000, 5, 600_000, 100_000, 500_000, 0, 7].map((size, index) => Buffer.alloc(size, index + 65));
  const source = (async function* () {
    const reused = Buffer.alloc(600_000);
    for (const chunk of chunks) {
      chunk.copy(reused);
      yield reused.subarray(0, chunk.length);
    }
  })();
  const { digest } = await at.store.blobs.write(source);
  assert.equal(digest, sha256(Buffer.concat(chunks)));
  assert.deepEqual(await collect(at.store.blobs.open(digest), 1e7), Buffer.concat(chunks));
});

test("write() takes sha512, and an empty blob", async () => {
  await using at = await tempStore();
  const hasher = createHasher("sha512");
  hasher.update(Buffer.from("hello"));
  const expected = { digest: hasher.digest(), size: 5 };
  assert.deepEqual(await at.store.blobs.write(bytesOf("hello"), expected), expected);
  assert.equal((await at.store.blobs.put("")).digest, sha256(""));
  assert.equal(String(await at.store.blobs.read(expected.digest, 5)), "hello");
  assert.equal((await at.store.blobs.read(sha256(""), 5)).length, 0);
});

for (const { name, text, code } of [
  { name: "other content", text: "hullo", code: "BLOB_DIGEST" },
  { name: "a byte too many", text: "hello!", code: "BLOB_SIZE" },
  { name: "a byte too few", text: "hell", code: "BLOB_SIZE" },
] as const) {
  test(`write() rejects ${name} and leaves nothing`, async () => {
    await using at = await tempStore();
    await assert.rejects(at.store.blobs.write(bytesOf(text), HELLO), failsWith(code));
    assert.equal(at.store.blobs.size(HELLO.digest), undefined);
    assert.deepEqual(leftovers(at.root), []);
  });
}

test("write() leaves nothing of a source that breaks", async () => {
  await using at = await tempStore();
  const source = (async function* () {
    yield Buffer.from("he");
    throw new Error("torn");
  })();
  await assert.rejects(at.store.blobs.write(source), /torn/);
  assert.deepEqual(leftovers(at.root), []);
});

test("write() does not read a source whose blob is there, and closes it", async () => {
  await using at = await tempStore();
  await at.store.blobs.put("hello");
  let closed = false;
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new Error("read")),
      return: () => {
        closed = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  assert.deepEqual(await at.store.blobs.write(source, HELLO), HELLO);
  assert.equal(closed, true);
  await assert.rejects(at.store.blobs.write(bytesOf(""), { ...HELLO, size: 6 }), failsWith("BLOB_SIZE"));
});

test("write() of one blob by many at once stores it once", async () => {
  await using at = await tempStore();
  await Promise.all(Array.from({ length: 8 }, () => at.store.blobs.put("hello")));
  assert.deepEqual(readdirSync(join(at.root, "blobs/sha256")).length, 1);
  assert.deepEqual(leftovers(at.root), []);
});

test("open() streams a range", async () => {
  await using at = await tempStore();
  const { digest } = await at.store.blobs.put("0123456789");
  const read = async (range: { start: number; length?: number }): Promise<string> =>
    String(await collect(at.store.blobs.open(digest, range), 100));
  assert.deepEqual(
    [await read({ start: 7 }), await read({ start: 2, length: 3 }), await read({ start: 8, length: 100 }), await read({ start: 20 })],
    ["789", "234", "89", ""],
  );
});

test("open() and read() say BLOB_MISSING", async () => {
  await using at = await tempStore();
  await assert.rejects(collect(at.store.blobs.open(HELLO.digest), 10), failsWith("BLOB_MISSING"));
  await assert.rejects(at.store.blobs.read(HELLO.digest, 10), failsWith("BLOB_MISSING"));
});

test("read() bounds the size and finds a damaged file", async () => {
  await using at = await tempStore();
  await at.store.blobs.put("hello");
  await assert.rejects(at.store.blobs.read(HELLO.digest, 4), failsWith("BLOB_SIZE"));
  writeFileSync(at.store.blobs.path(HELLO.digest), "hullo");
  await assert.rejects(at.store.blobs.read(HELLO.digest, 5), failsWith("STORE_CORRUPT"));
});

test("create() gives a file that goes unless it is committed", async () => {
  await using at = await tempStore();
  {
    await using dropped = await at.store.blobs.create();
    writeSync(dropped.fd, "hello");
    assert.equal(existsSync(dropped.path), true);
  }
  assert.deepEqual(leftovers(at.root), []);
  await using file = await at.store.blobs.create();
  writeSync(file.fd, "hello");
  await file.commit(HELLO.digest);
  assert.equal(String(await at.store.blobs.read(HELLO.digest, 5)), "hello");
  await assert.rejects(file.commit(HELLO.digest), failsWith("INTERNAL"));
});

test("remove() does not mind a blob that is not there", async () => {
  await using at = await tempStore();
  await at.store.blobs.put("hello");
  at.store.blobs.remove(HELLO.digest);
  at.store.blobs.remove(HELLO.digest);
  assert.equal(at.store.blobs.size(HELLO.digest), undefined);
});

test("a full disk is STORE_FULL, leaves nothing half-written, and the store works on when there is space", async (context) => {
  await using dir = await temp();
  const mounted = await runProcess({ argv: ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir.path] });
  if (mounted.exitCode !== 0) return context.skip("mounting needs root");
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    await runProcess({ argv: ["umount", dir.path] });
  });
  const root = join(dir.path, "store");
  {
    await using store = await openStore({ root });
    const { digest } = await store.blobs.put("kept");
    const big = Buffer.alloc(4_000_000, 1);
    await assert.rejects(
      store.blobs.put(big),
      (error) => isDecantError(error, "STORE_FULL") && /full/.test(error.message) && /decant prune.*DECANT_ROOT/.test(error.hint ?? ""),
    );
    assert.equal(store.blobs.size(sha256(big)), undefined);
    assert.deepEqual(leftovers(root), []);

    // Fill it to the last block: the database must say the same.
    writeFileSync(join(dir.path, "filler"), Buffer.alloc(1));
    const filled = await runProcess({ argv: ["dd", "if=/dev/zero", `of=${join(dir.path, "filler")}`, "bs=4096"] });
    assert.notEqual(filled.exitCode, 0);
    assert.throws(() => {
      for (let at = 0; at < 1000; at += 1) store.records.put("full", String(at), "x".repeat(10_000));
    }, failsWith("STORE_FULL"));
    await assert.rejects(openStore({ root: join(dir.path, "other") }), failsWith("STORE_FULL"));
    await runProcess({ argv: ["rm", join(dir.path, "filler")] });
    store.records.put("after", "1", true);
    assert.equal(store.records.get("after", "1"), true);
    assert.equal(String(await store.blobs.read(digest, 10)), "kept");
  }
  await using again = await openStore({ root });
  assert.equal(again.records.get("after", "1"), true);
  assert.equal(statSync(root).mode & 0o777, 0o700);
});
