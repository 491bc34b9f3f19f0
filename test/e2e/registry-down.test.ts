/** R4: with a base in the store and its registry down, a build goes on and says so; --pull asks, and fails, as docker build does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildEvent } from "../../src/index.ts";
import { isDecantError, pullImage } from "../../src/index.ts";
import { workshop } from "../support/build.ts";
import { tarOf } from "../support/archive.ts";
import { startFakeRegistry } from "../support/registry.ts";

const LAYER = tarOf([{ path: "base.txt", content: "base" }]);

function warnings(events: readonly BuildEvent[]): string[] {
  return events.flatMap((event) => (event.type === "warning" ? [`${event.code}: ${event.message}`] : []));
}

describe("R4: a build whose registry is out of reach", () => {
  it("takes the base as it was before, with a warning, and does new work on it", async () => {
    using shop = workshop();
    shop.write({ a: "a" });
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const from = `FROM ${registry.host}/team/app:v1\n`;
    assert.deepEqual(warnings((await shop.build(`${from}COPY a /one\n`)).events), []);
    await registry[Symbol.asyncDispose]();
    const { events, result } = await shop.build(`${from}COPY a /two\n`);
    assert.equal(result.executed, 1);
    const [warning, ...more] = warnings(events);
    assert.match(
      warning ?? "",
      /^RegistryOutOfReach: "127\.0\.0\.1:\d+\/team\/app:v1" may have changed, and is taken as it was before \(sha256:[0-9a-f]{64}\): Cannot reach "127\.0\.0\.1:\d+": connect ECONNREFUSED/,
    );
    assert.deepEqual(more, []);
  });

  it("F.2: says it once, however many platforms take the base", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const dockerfile = `FROM ${registry.host}/team/app:v1\nLABEL a=b\n`;
    const platforms = ["linux/amd64", "linux/arm64"];
    await shop.build(dockerfile, { platforms });
    await registry[Symbol.asyncDispose]();
    const told = warnings((await shop.build(dockerfile, { platforms })).events);
    assert.equal(told.filter((warning) => warning.startsWith("RegistryOutOfReach")).length, 1);
  });

  it("does the same where the registry has had too many requests", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const dockerfile = `FROM ${registry.host}/team/app:v1\nLABEL a=b\n`;
    await shop.build(dockerfile);
    registry.fault({ match: /HEAD/, kind: "status", status: 429, headers: { "retry-after": "3600" } });
    assert.match(warnings((await shop.build(dockerfile)).events).join(), /RegistryOutOfReach: .*has had too many requests/);
  });

  it("fails with --pull, and says what helps", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const dockerfile = `FROM ${registry.host}/team/app:v1\nLABEL a=b\n`;
    await shop.build(dockerfile);
    await registry[Symbol.asyncDispose]();
    await assert.rejects(shop.build(dockerfile, { pull: true }), {
      code: "REGISTRY_UNREACHABLE",
      hint: "A build without --pull uses what the store has of it",
    });
  });

  it("fails where the registry does answer: an image that is gone, or not allowed, is not taken from the store", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const dockerfile = `FROM ${registry.host}/team/app:v1\nLABEL a=b\n`;
    await shop.build(dockerfile);
    for (const [status, code] of [
      [404, "IMAGE_NOT_FOUND"],
      [403, "REGISTRY_DENIED"],
    ] as const) {
      registry.fault({ match: /HEAD/, kind: "status", status });
      await assert.rejects(shop.build(dockerfile), (error) => isDecantError(error, code));
    }
  });

  it("fails for a name that it does not know, and for a pull", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("team/app", "v1", { layers: [LAYER] });
    const name = `${registry.host}/team/app:v1`;
    await shop.build(`FROM ${name}\nLABEL a=b\n`);
    await registry[Symbol.asyncDispose]();
    await assert.rejects(shop.build(`FROM ${registry.host}/team/app:v2\nLABEL a=b\n`), { code: "REGISTRY_UNREACHABLE" });
    await using pulled = pullImage({ root: shop.root, env: {}, image: name });
    await assert.rejects(pulled.result, { code: "REGISTRY_UNREACHABLE" });
  });
});
