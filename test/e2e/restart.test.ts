/** Builds on a store whose machine lost power: directories are of an earlier boot, and some of their files did not reach the disk. */
import assert from "node:assert/strict";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { isDecantError } from "../../src/index.ts";
import { addBusybox, BUSYBOX, holds, workshop, type Workshop } from "../support/build.ts";

const FIRST = `${BUSYBOX}RUN seq 100000 > /numbers\n`;
const SECOND = `${FIRST}RUN tail -n 1 /numbers > /last\n`;

/** The power goes off before the files of RUN layers are on the disk. */
function powerCut(shop: Workshop): void {
  using database = new DatabaseSync(join(shop.root, "decant.db"));
  database.exec("UPDATE dirs SET boot = 'the boot before'");
  const files = holds(join(shop.root, "dirs"), "\n99999\n");
  assert.equal(files.length, 1);
  for (const file of files) truncateSync(file, 1000);
}

async function lastNumber(shop: Workshop): Promise<string> {
  const dest = join(shop.folder, `out${Math.random()}`);
  await shop.build(`${SECOND}FROM scratch\nCOPY --from=0 /last /\n`, { outputs: [{ type: "local", dest }] });
  return readFileSync(join(dest, "last"), "utf8");
}

describe("after a power loss", () => {
  for (const compression of ["uncompressed", "gzip", "zstd"] as const)
    it(`X1: a step runs on a damaged layer that was exported with ${compression}`, async () => {
      using shop = workshop();
      addBusybox(shop);
      await shop.build(FIRST, { outputs: [{ type: "oci", dest: join(shop.folder, "a.tar"), tar: true, names: [], compression }] });
      powerCut(shop);
      assert.equal(await lastNumber(shop), "100000\n");
    });

  it("X1: files of a damaged layer that was exported are copied", async () => {
    using shop = workshop();
    addBusybox(shop);
    await shop.build(FIRST, { outputs: [{ type: "oci", dest: join(shop.folder, "a.tar"), tar: true, names: [], compression: "gzip" }] });
    powerCut(shop);
    const dest = join(shop.folder, "out");
    await shop.build(`${FIRST}FROM scratch\nCOPY --from=0 /numbers /\n`, { outputs: [{ type: "local", dest }] });
    assert.match(readFileSync(join(dest, "numbers"), "utf8"), /\n100000\n$/);
  });

  it("a damaged layer that is nowhere else is told, and made anew by the next build", async () => {
    using shop = workshop();
    addBusybox(shop);
    // A kept image would have the layer as a tar, too.
    await shop.build(FIRST, { outputs: [{ type: "cacheonly" }] });
    powerCut(shop);
    await assert.rejects(lastNumber(shop), (error) => isDecantError(error, "STORE_CORRUPT"));
    assert.equal(await lastNumber(shop), "100000\n");
  });
});
