/** --pull=always|missing|never: which requests a registry gets, counted where it keeps them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildOptions } from "../../src/index.ts";
import { isDecantError, pullImage } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";
import { startFakeRegistry } from "../support/registry.ts";

const LAYER = tarOf([{ path: "base.txt", content: "base" }]);
const COPY = "FROM scratch\nCOPY --from=base /base.txt /\n";

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!isDecantError(error)) throw error;
    return [error.code, error.message, error.hint, ...(error.source ?? []).map(({ start }) => `line ${start.line}`)].join(" | ");
  }
  return "no error";
}

describe("pull policies", { concurrency: 2 }, () => {
  it("F6: always asks each time, and takes what a tag is now", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [LAYER] });
    const text = `FROM ${registry.host}/base:1 AS base\n${COPY}`;
    const build = async (pull: BuildOptions["pull"]): Promise<number> => {
      const before = registry.log().length;
      await shop.build(text, { pull });
      return registry.log().length - before;
    };
    assert.ok((await build("always")) > 0);
    assert.equal(await build("always"), 1);
    assert.equal(await build(true), 1);
    assert.equal(await build(undefined), 1);
    assert.equal(await build("missing"), 0);
    assert.equal(await build("never"), 0);
  });

  it("F6: missing keeps what a tag was, whatever it is now, and fetches what is not there", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [LAYER] });
    const text = `FROM ${registry.host}/base:1 AS base\n${COPY}`;
    const { result } = await shop.build(text, { pull: "missing" });
    registry.addImage("base", "1", { layers: [tarOf([{ path: "base.txt", content: "new" }])] });
    assert.equal((await shop.build(text, { pull: "missing" })).result.executed, 0);
    assert.notEqual((await shop.build(text, { pull: "always" })).result.imageId, result.imageId);
  });

  it("F6: never names the base and its line, and asks nobody", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [LAYER] });
    const name = `${registry.host}/base:1`;
    const text = `FROM ${name} AS base\n${COPY}`;
    const refused = `IMAGE_NOT_FOUND | Cannot use image "${name}" for linux/amd64: the store does not have all of it, and --pull=never asks no registry | Run: decant pull --platform linux/amd64 ${name} | line 1`;
    assert.equal(await failure(shop.build(text, { pull: "never", platforms: ["linux/amd64"] })), refused);
    assert.deepEqual(registry.log(), []);
    await using pulled = pullImage({ root: shop.root, env: {}, image: name, platform: "linux/amd64" });
    await pulled.result;
    await registry[Symbol.asyncDispose]();
    assert.equal(await failure(shop.build(text, { pull: "never", platforms: ["linux/amd64"] })), "no error");
  });

  it("F6: never does not fetch a layer either, and a build that needs none of it goes on", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [LAYER] });
    const from = `FROM ${registry.host}/base:1 AS base\n`;
    const outputs = [{ type: "cacheonly" }] as const;
    await shop.build(`${from}LABEL a=b\n`, { outputs });
    const before = registry.log().length;
    assert.equal(await failure(shop.build(`${from}LABEL a=c\n`, { pull: "never", outputs })), "no error");
    assert.match(await failure(shop.build(from + COPY, { pull: "never" })), /^IMAGE_NOT_FOUND .*--pull=never asks no registry.* \| line 1/);
    assert.equal(registry.log().length, before);
  });

  it("F6: the command has docker's boolean and podman's words", () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nLABEL a=b\n" });
    const { decant } = commandsIn(shop.folder);
    for (const flag of ["--pull", "--pull=true", "--pull=false", "--pull=always", "--pull=missing", "--pull=never"])
      assert.equal(decant("build", flag, "context").code, 0, flag);
    assert.match(decant("build", "--pull=newer", "context").err, /Cannot use --pull=newer: wanted always, missing or never/);
  });
});
