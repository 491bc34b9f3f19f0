/** The memo of file digests against a plain map: what was put is found again, in any order, and after it was written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { sha256 } from "../digest.ts";
import { type TreePath, treePath } from "../paths.ts";
import { createFileDigests } from "./file-digests.ts";
import { tempStore } from "./testdata/support.ts";

const FILES = 1000;

/** Long names, so that a table has many pages. */
const pathOf = (number: number): TreePath => treePath(`d${number % 7}/${"x".repeat(number % 3 === 0 ? 200 : 3)}${number}`);
const statOf = (number: number, mtimeMs = 1000) => ({ size: number, mtimeMs, ctimeMs: 1000, ino: number, dev: 1, mode: 0o100644 });

test("X7: createFileDigests() finds what was put, in any order, before and after it is written", async () => {
  await using at = await tempStore();
  const numbers = Array.from({ length: FILES }, (_, number) => number);
  const late = numbers.filter((number) => number % 5 === 0);
  const first = numbers.filter((number) => number % 5 !== 0);
  const sorted = numbers.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const check = (digests: Awaited<ReturnType<typeof createFileDigests>>, known: ReadonlySet<number>): void => {
    for (const order of [numbers, numbers.toReversed(), sorted, sorted.toReversed()]) {
      for (const number of order) {
        assert.equal(digests.get(pathOf(number), statOf(number)), known.has(number) ? sha256(String(number)) : undefined);
        assert.equal(digests.get(pathOf(number), statOf(number, 1001)), undefined);
      }
    }
  };
  {
    using digests = await createFileDigests(at.store, "/context");
    for (const number of first) digests.put(pathOf(number), statOf(number), sha256(String(number)), 10_000);
    check(digests, new Set(first));
    await digests.flush();
    check(digests, new Set(first));
  }
  {
    using digests = await createFileDigests(at.store, "/context");
    check(digests, new Set(first));
    for (const number of late) digests.put(pathOf(number), statOf(number), sha256(String(number)), 10_000);
    check(digests, new Set(numbers));
    // What is put while the others are written is written the next time.
    const writing = digests.flush();
    digests.put(treePath("extra"), statOf(1), sha256("extra"), 10_000);
    await writing;
    check(digests, new Set(numbers));
    await digests.flush();
    check(digests, new Set(numbers));
  }
  using digests = await createFileDigests(at.store, "/context");
  check(digests, new Set(numbers));
  assert.equal(digests.get(treePath("extra"), statOf(1)), sha256("extra"));
});

test("X7: createFileDigests() brings very many new rows to a file before they are written, and forgets none", async () => {
  await using at = await tempStore();
  // Two folders, the last one first.
  const numbers = Array.from({ length: 150_000 }, (_, number) => (number + 70_000) % 150_000);
  const path = (number: number): TreePath => treePath(`f${String(number).padStart(6, "0")}`);
  const known = sha256("known");
  {
    using digests = await createFileDigests(at.store, "/context");
    for (const number of numbers) {
      digests.put(path(number), statOf(number), known, 10_000);
      // As a walk does, which hashes files meanwhile.
      if (number % 1000 === 0) await setImmediate();
    }
    for (const number of numbers) assert.equal(digests.get(path(number), statOf(number)), known);
    digests.put(path(5), statOf(5, 2000), sha256("other"), 10_000);
    await digests.flush();
    assert.equal(digests.get(path(5), statOf(5, 2000)), sha256("other"));
  }
  using digests = await createFileDigests(at.store, "/context");
  for (const number of numbers) assert.equal(digests.get(path(number), statOf(number)), number === 5 ? undefined : known);
});
