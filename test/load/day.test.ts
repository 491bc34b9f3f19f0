/** H8: a day of a CI machine in a hurry: builds of sources that change, names that move, prunes and collections. Memory and disk stay flat. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { collectCache, pruneStore } from "../../src/index.ts";
import { storeProblems } from "../crash/check-store.ts";
import { createRandom } from "../fuzz/random.ts";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";
import { leftIn, loadTime, lostIn, sizeOf } from "./support.ts";

const APPS = 5;
const BUILDS_AN_HOUR = 8;
/** The fewest hours, so that there is something to compare, and a day. */
const [LEAST_HOURS, HOURS] = [8, 24];
const CAP_BYTES = 8_000_000;
/** What may be there besides the cache: images, and what the last hour has made. */
const MAX_BYTES = 40_000_000;
const MAX_HEAP_GROWTH = 16_000_000;
/** The history keeps 200 builds, with the log of each step. */
const MAX_FILES = 200 * 6 + 400;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Size {
  readonly bytes: number;
  readonly files: number;
  readonly heap: number;
}

test("H8: hours of builds, prunes and collections keep memory and disk flat, and lose nothing", async () => {
  using shop = workshop();
  addBusybox(shop);
  shop.write(Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`src/${at}`, `${at}\n`.repeat(500)])));
  const { root } = shop;
  const [env, random, goesOn] = [{}, createRandom(8), loadTime()];
  const sizes: Size[] = [];
  for (let hour = 0; hour < LEAST_HOURS || (hour < HOURS * 20 && goesOn()); hour += 1) {
    for (let count = 0; count < BUILDS_AN_HOUR; count += 1) {
      // What does not compress: else the disk would stay small by itself.
      const text = Array.from({ length: 20_000 }, () => random.below(10)).join("");
      shop.write({ [`src/${random.below(40)}`]: text });
      const all = count % 4 === 0 ? "RUN cat /src/* > /all\n" : "";
      const cache = count % 3 === 0 ? "RUN --mount=type=cache,target=/cache date >> /cache/log && cp /hour /cache/\n" : "";
      await shop.build(`${BUSYBOX}RUN echo ${hour} > /hour\n${cache}COPY src /src\n${all}`, { tags: [`app${random.below(APPS)}`] });
    }
    await collectCache({ root, env, policy: { maxUsedBytes: CAP_BYTES } }).result;
    if (hour % 3 === 2) await pruneStore({ root, env, untagged: true, all: hour % 6 === 5 }).result;
    collectGarbage();
    sizes.push({ ...sizeOf(root), heap: process.memoryUsage().heapUsed });
  }
  const told = sizes.map(({ bytes, files, heap }) => `${toMega(bytes)} MB, ${files} files, heap ${toMega(heap)} MB`);
  console.log(`${sizes.length} hours, ${sizes.length * BUILDS_AN_HOUR} builds; the last: ${told.at(-1)}`);
  const quarter = Math.ceil(sizes.length / 4);
  const [early, late] = [largest(sizes.slice(0, 2 * quarter)), largest(sizes.slice(-quarter))];
  assert.ok(late.bytes < MAX_BYTES && late.bytes < early.bytes * 1.5, told.join("\n"));
  assert.ok(late.files < MAX_FILES, told.join("\n"));
  assert.ok(late.heap < early.heap + MAX_HEAP_GROWTH, told.join("\n"));
  assert.deepEqual(lostIn(root), []);
  assert.deepEqual(await storeProblems(root, shop.folder), []);
  assert.deepEqual(leftIn(root), []);
  // Only images are left.
  await pruneStore({ root, env, all: true, untagged: true }).result;
  assert.deepEqual(await storeProblems(root, shop.folder), []);
  assert.deepEqual(
    readdirSync(join(root, "dirs")).flatMap((space) => readdirSync(join(root, "dirs", space))),
    [],
  );
});

function largest(sizes: readonly Size[]): Size {
  const most = (of: (size: Size) => number): number => Math.max(...sizes.map(of));
  return { bytes: most(({ bytes }) => bytes), files: most(({ files }) => files), heap: most(({ heap }) => heap) };
}

function toMega(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
