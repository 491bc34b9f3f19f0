/** H3: `decant store verify` finds what is damaged, and `decant store repair` takes it away, so that the next build makes it again. */
import assert from "node:assert/strict";
import { appendFileSync, readdirSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspectImage, verifyStore } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";

const TEXT = `${BUSYBOX}RUN mkdir /d && echo one > /d/one\nCOPY busybox /copied\n`;
const EPOCH = {
  buildArgs: { SOURCE_DATE_EPOCH: "1700000000" },
  outputs: [{ type: "image", names: ["app:1"], push: false, rewriteTimestamp: true }],
} as const;

/** A store with an image, its layers as tars and as directories. */
async function built(): Promise<Workshop> {
  const shop = workshop();
  addBusybox(shop);
  await shop.build(TEXT, EPOCH);
  return shop;
}

function blobsOf(shop: Workshop): string[] {
  const folder = join(shop.root, "blobs/sha256");
  return readdirSync(folder).map((name) => join(folder, name));
}

/** The file /d/one of the directory of the layer that RUN made. */
function unpackedFile(shop: Workshop): string {
  const folder = join(shop.root, "dirs/layer-fs");
  const found = readdirSync(folder)
    .map((name) => join(folder, name, "d/one"))
    .find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  assert.ok(found);
  return found;
}

const DAMAGES: readonly (readonly [name: string, damage: (shop: Workshop) => void, kind: string])[] = [
  ["a byte more in every blob", (shop) => blobsOf(shop).forEach((path) => appendFileSync(path, "x")), "blob"],
  ["empty blobs", (shop) => blobsOf(shop).forEach((path) => truncateSync(path)), "blob"],
  ["a stranger among the blobs", (shop) => writeFileSync(join(shop.root, "blobs/sha256/note"), "x"), "blob"],
  ["another content in the directory of a layer", (shop) => writeFileSync(unpackedFile(shop), "two\n"), "directory"],
  ["a file less there", (shop) => unlinkSync(unpackedFile(shop)), "directory"],
];

describe("H3: store verify and repair", () => {
  for (const [name, damage, kind] of DAMAGES) {
    it(`find and mend ${name}`, async () => {
      using shop = await built();
      const { manifestDigest } = (await shop.build(TEXT, EPOCH)).result;
      damage(shop);
      const found = await verifyStore({ root: shop.root, env: {} }).result;
      assert.ok(
        found.problems.some((problem) => problem.kind === kind && !problem.repaired),
        JSON.stringify(found),
      );
      const repaired = await verifyStore({ root: shop.root, env: {}, repair: true }).result;
      assert.deepEqual(
        repaired.problems.filter((problem) => !problem.repaired && problem.kind !== "directory"),
        [],
      );
      assert.deepEqual((await verifyStore({ root: shop.root, env: {} }).result).problems, []);
      assert.equal((await shop.build(TEXT, EPOCH)).result.manifestDigest, manifestDigest);
      assert.equal((await inspectImage({ root: shop.root, env: {}, image: "app:1" })).digest, manifestDigest);
    });
  }

  it("find nothing in a sound store, and say how much they read", async () => {
    using shop = await built();
    const { code, out, err } = commandsIn(shop.folder).decant("store", "verify");
    assert.equal(code, 0, err);
    assert.match(out, /^\d+ blobs \([\d.]+ \w+\) and [1-9]\d* directories of layers: all as it should be$/);
  });

  it("exit with 1 while something is damaged, and tell of it", async () => {
    using shop = await built();
    blobsOf(shop).forEach((path) => appendFileSync(path, "x"));
    const verified = commandsIn(shop.folder).decant("store", "verify");
    assert.equal(verified.code, 1);
    assert.match(verified.out, /^damaged blob sha256:[0-9a-f]{64}: its \d+ bytes have another digest: [0-9a-f]{64}$/m);
    const repaired = commandsIn(shop.folder).decant("store", "repair");
    assert.match(repaired.out, /^repaired blob sha256:/m);
    assert.match(repaired.out, /^repaired image docker\.io\/library\/app:1: its manifest sha256:[0-9a-f]{64} is not in the store$/m);
  });
});
