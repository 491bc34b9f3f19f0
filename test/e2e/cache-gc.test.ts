/** G6: the garbage collector beside builds, and by hand. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, collectCache, storeUsage } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";

const MB = 1_000_000;
const CACHE_ONLY: Partial<BuildOptions> = { outputs: [{ type: "cacheonly" }] };

/** Steps of 4 MB each. */
function dockerfile(name: string, steps: number): string {
  return `${BUSYBOX}${Array.from({ length: steps }, (_, at) => `RUN head -c ${4 * MB} /dev/urandom > /${name}${at}\n`).join("")}`;
}

function shopWithPolicy(policy: string): Workshop {
  const shop = workshop();
  addBusybox(shop);
  mkdirSync(shop.root);
  writeFileSync(join(shop.root, "config.yaml"), policy);
  return shop;
}

async function cacheBytes({ root }: Workshop): Promise<number> {
  const { cacheBytes: cache, usedBytes } = await storeUsage({ root });
  return cache + usedBytes;
}

describe("G6: the garbage collector", { timeout: 600_000 }, () => {
  it("G6: builds keep to the policy of their store, and what is gone is known", async () => {
    using shop = shopWithPolicy("gc:\n  maxUsedSpace: 24MB\n");
    for (const name of ["a", "b", "c"]) {
      await shop.build(dockerfile(name, 3), CACHE_ONLY);
      assert.ok((await cacheBytes(shop)) <= 24 * 1024 * 1024, String(await cacheBytes(shop)));
    }
    // The newest is there, the oldest is not.
    assert.equal((await shop.build(dockerfile("c", 3), CACHE_ONLY)).result.executed, 0);
    const { result, events } = await shop.build(dockerfile("a", 3), { ...CACHE_ONLY, explain: true });
    assert.ok(result.executed > 0);
    assert.ok(
      events.some((event) => event.type === "vertex.missed" && event.reason.kind === "removed" && event.reason.prunedAt !== undefined),
    );
  });

  it("G6: what a running build needs stays, though it is more than the cap", async () => {
    using shop = shopWithPolicy("gc:\n  maxUsedSpace: 1MB\n");
    const { result } = await shop.build(`${dockerfile("a", 2)}FROM scratch\nCOPY --from=0 /a0 /a1 /\n`, { tags: ["app"] });
    assert.ok(result.imageId !== undefined);
    await collectCache({ root: shop.root }).result;
    // Nothing but the image is left.
    assert.ok((await cacheBytes(shop)) <= MB, String(await cacheBytes(shop)));
    assert.ok((await storeUsage({ root: shop.root })).imageBytes > 8 * MB);
  });

  it("G6: by hand: with a policy of its own, or with a word of what is missing", async () => {
    using shop = workshop();
    addBusybox(shop);
    await shop.build(dockerfile("a", 3), CACHE_ONLY);
    const { decant, ok } = commandsIn(shop.folder);
    assert.match(decant("cache", "gc").err, /Cannot collect the cache: there is no policy/);
    assert.match(ok("cache", "gc", "--max-used-space", "1GB"), /^Kept .* of build cache, as the policy allows$/m);
    assert.match(ok("cache", "gc", "--max-used-space", "5MB", "--progress", "quiet"), /^Freed [\d.]+ MB: /);
    assert.ok((await cacheBytes(shop)) <= 5 * MB);
    assert.match(ok("cache", "du"), /Build cache/);
    assert.match(ok("cache", "prune", "--all", "--progress", "quiet"), /^Freed /);
    assert.equal(await cacheBytes(shop), 0);
  });

  it("G6: mistakes in the policy are told with their place", async () => {
    const rows = [
      ["gc:\n  maxUsed: 1\n", /"gc" has no key "maxUsed"/],
      ["gc:\n  maxUsedSpace: much\n", /"maxUsedSpace" is no size/],
      ["gc:\n  keepDuration: { layer: 3d }\n", /"keepDuration" has no key "layer"; wanted layers, mounts, sources/],
      ["gc:\n  keepDuration: soon\n", /"keepDuration" is no time/],
      ["cache: 1\n", /it has no key "cache"; wanted gc/],
    ] as const;
    for (const [text, message] of rows) {
      using shop = shopWithPolicy(text);
      await assert.rejects(shop.build(BUSYBOX, CACHE_ONLY), { code: "CONFIG_FILE", message });
    }
  });
});
