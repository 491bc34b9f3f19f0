import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bytesOf } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { failsWith, temp } from "./testdata/support.ts";
import { openStore } from "./store.ts";
import type { KeptBytes } from "./types.ts";

const MIB = 1024 * 1024;
const BYTES = randomBytes(3 * MIB + 5);
const EXPECTED = { digest: sha256(BYTES), size: BYTES.byteLength };
const LOST = new DecantError("REGISTRY_UNREACHABLE", "Cannot reach: gone");

/** The blob from what is kept on, up to `end`; then `failure`. Notes how much was kept. */
function transfer(seen: (number | undefined)[], end = BYTES.byteLength, failure?: unknown) {
  return async function* (kept: KeptBytes | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    seen.push(kept?.sizeBytes);
    if (kept !== undefined) yield* kept.open();
    for (let at = kept?.sizeBytes ?? 0; at < end; at += 100_000) yield BYTES.subarray(at, Math.min(end, at + 100_000));
    if (failure !== undefined) throw failure;
  };
}

async function world() {
  const dir = await temp();
  const root = join(dir.path, "store");
  return {
    root,
    partial: () => readdirSync(join(root, "partial")),
    file: join(root, "partial", EXPECTED.digest.replace(":", "-")),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

describe("F.3: a blob whose transfer broke off", () => {
  it("goes on in another process, and leaves nothing when it is whole", async () => {
    await using it = await world();
    const seen: (number | undefined)[] = [];
    {
      await using store = await openStore({ root: it.root });
      await assert.rejects(store.blobs.receive(EXPECTED, transfer(seen, 2 * MIB, LOST)), failsWith("REGISTRY_UNREACHABLE"));
      assert.equal(store.blobs.size(EXPECTED.digest), undefined);
    }
    await using store = await openStore({ root: it.root });
    await store.blobs.receive(EXPECTED, transfer(seen));
    const [first, kept = 0] = seen;
    assert.equal(first, undefined);
    assert.ok(kept >= MIB && kept <= 2 * MIB);
    assert.ok((await store.blobs.read(EXPECTED.digest, 10 * MIB)).equals(BYTES));
    assert.deepEqual(it.partial(), []);
  });

  it("stays when the user stops it", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await assert.rejects(store.blobs.receive(EXPECTED, transfer([], 2 * MIB, stop.signal.reason), stop.signal), /enough/);
    assert.equal(it.partial().length, 1);
  });

  for (const [name, end, failure] of [
    ["less than 1 MiB came", 500_000, LOST],
    ["its bytes are wrong", 2 * MIB, new DecantError("BLOB_DIGEST", "Cannot accept it")],
    ["it failed here", 2 * MIB, new DecantError("STORE_FULL", "Cannot write it")],
  ] as const) {
    it(`does not stay when ${name}`, async () => {
      await using it = await world();
      await using store = await openStore({ root: it.root });
      await assert.rejects(store.blobs.receive(EXPECTED, transfer([], end, failure)), (error) => error === failure);
      assert.deepEqual(it.partial(), []);
    });
  }

  it("starts again when what was kept is damaged, and the store gets the right bytes", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    const seen: (number | undefined)[] = [];
    await assert.rejects(store.blobs.receive(EXPECTED, transfer(seen, 2 * MIB, LOST)));
    const kept = readFileSync(it.file);
    kept.fill(0, 1000, 2000);
    writeFileSync(it.file, kept);
    await store.blobs.receive(EXPECTED, transfer(seen));
    assert.deepEqual(
      seen.map((one) => one !== undefined),
      [false, true, false],
    );
    assert.ok((await store.blobs.read(EXPECTED.digest, 10 * MIB)).equals(BYTES));
  });

  it("starts again when more was kept than the blob has", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    const seen: (number | undefined)[] = [];
    await assert.rejects(store.blobs.receive(EXPECTED, transfer(seen, 2 * MIB, LOST)));
    truncateSync(it.file, BYTES.byteLength + 1);
    await store.blobs.receive(EXPECTED, transfer(seen));
    assert.deepEqual(seen, [undefined, undefined]);
  });

  it("is taken as whole when it is: nothing is fetched", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    await assert.rejects(store.blobs.receive(EXPECTED, transfer([], BYTES.byteLength, LOST)));
    const seen: (number | undefined)[] = [];
    await store.blobs.receive(EXPECTED, transfer(seen));
    assert.deepEqual(seen, [BYTES.byteLength]);
  });

  it("is not touched by two at once: the second has a file of its own", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    await using other = await openStore({ root: it.root });
    const seen: (number | undefined)[] = [];
    await store.blobs.bring(EXPECTED, async () => void (await other.blobs.receive(EXPECTED, transfer(seen))));
    assert.deepEqual(seen, [undefined]);
    assert.ok((await store.blobs.read(EXPECTED.digest, 10 * MIB)).equals(BYTES));
  });

  it("is removed by a prune, but not while somebody writes it", async () => {
    await using it = await world();
    {
      await using store = await openStore({ root: it.root });
      await assert.rejects(store.blobs.receive(EXPECTED, transfer([], 2 * MIB, LOST)));
    }
    await using store = await openStore({ root: it.root });
    {
      await using pruner = await openStore({ root: it.root });
      await store.blobs
        .bring(EXPECTED, async () => {
          assert.equal((await pruner.prune()).blobs, 0);
          throw LOST;
        })
        .catch(() => undefined);
      assert.equal(it.partial().length, 1);
      const { blobs, freedBytes } = await pruner.prune();
      assert.deepEqual([blobs, freedBytes >= MIB], [1, true]);
    }
    assert.deepEqual(it.partial(), []);
  });

  it("refuses what is here with another size, and fetches nothing that is here", async () => {
    await using it = await world();
    await using store = await openStore({ root: it.root });
    await store.blobs.write(bytesOf(BYTES), EXPECTED);
    await store.blobs.receive(EXPECTED, () => assert.fail("it is here"));
    await assert.rejects(store.blobs.receive({ ...EXPECTED, size: 3 }, transfer([])), failsWith("BLOB_SIZE"));
  });
});
