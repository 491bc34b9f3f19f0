/** F4: decant.yaml demands that bases are signed: before anything of them is used, wherever they come from. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generateKeyPair, isDecantError, pullImage, signImage } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { type Workshop, workshop } from "../support/build.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const CONFIG = { architecture: "amd64", os: "linux", config: { Env: ["FROM_BASE=1"] } };

async function prepared(shop: Workshop, registry: FakeRegistry): Promise<(image: string) => Promise<void>> {
  const ours = await generateKeyPair({ password: "" });
  const theirs = await generateKeyPair({ password: "" });
  shop.write({ "team.pub": ours.publicKey, "other.pub": theirs.publicKey, "decant.yaml": rule(registry, "team.pub") });
  return async (image) => {
    await using run = signImage({ root: join(shop.folder, "signer"), image, key: "env://KEY", env: { KEY: ours.privateKey } });
    await run.result;
  };
}

function rule({ host }: FakeRegistry, key: string): string {
  return `signatures:\n  - images: ["${host}/team/*"]\n    key: ${key}\n`;
}

async function refused(shop: Workshop, dockerfile: string): Promise<string> {
  const error: unknown = await shop.build(dockerfile).catch((failure: unknown) => failure);
  assert.ok(isDecantError(error), "it must fail");
  return `${error.code} ${error.source[0]?.start.line ?? ""}: ${error.message} | ${error.hint ?? ""}`;
}

test("F4: a base without a signature of the right key is refused, with its line, before its layers are fetched", async () => {
  using shop = workshop();
  await using registry = await startFakeRegistry();
  const { host } = registry;
  const sign = await prepared(shop, registry);
  registry.addImage("team/base", "v1", { layers: [tarOf([{ path: "a", content: "a" }])], config: CONFIG });
  registry.addImage("free/base", "v1", { layers: [tarOf([{ path: "b", content: "b" }])], config: CONFIG });
  await shop.build(`FROM ${host}/free/base:v1\nLABEL a=b\n`);
  const told = await refused(shop, `# hello\nFROM ${host}/team/base:v1\nCOPY team.pub /\n`);
  assert.match(
    told,
    /^SIGNATURE 2: Cannot verify ".*\/team\/base:v1@sha256:\w+": it has no signature; wanted one by the key "team.pub" \| decant.yaml wants it for /,
  );
  for (const other of [
    `FROM ${host}/free/base:v1\nCOPY --from=${host}/team/base:v1 /a /\n`,
    `FROM ${host}/free/base:v1\nRUN --mount=from=${host}/team/base:v1,target=/m true\n`,
    `FROM ${host}/team/base:v1 AS one\nFROM ${host}/free/base:v1\nCOPY --from=one /a /\n`,
  ])
    assert.match(await refused(shop, other), /^SIGNATURE /);
  assert.equal(registry.log().filter((line) => line.includes("/v2/team/base/blobs/")).length, 1, "only the configuration");

  await sign(`${host}/team/base:v1`);
  await shop.build(`FROM ${host}/team/base:v1\nCOPY team.pub /\n`);
  // What was good stays good: the digest is the same, and nobody is asked again.
  const asked = registry.log().length;
  await shop.build(`FROM ${host}/team/base:v1\nCOPY team.pub /\n`);
  assert.deepEqual(
    registry
      .log()
      .slice(asked)
      .filter((line) => line.includes("referrers")),
    [],
  );
  // Another key has other signatures.
  shop.write({ "decant.yaml": rule(registry, "other.pub") });
  assert.match(await refused(shop, `FROM ${host}/team/base:v1\n`), /^SIGNATURE 1: .*it is by another key/);
  shop.write({ "decant.yaml": rule(registry, "none.pub") });
  assert.match(await refused(shop, `FROM ${host}/team/base:v1\n`), /^CONFIG_FILE 1: .*"none.pub" of its signatures: /);
});

test("F4: a tag that moves, a pinned digest and an image of the store are held to the rule, too", async () => {
  using shop = workshop();
  await using registry = await startFakeRegistry();
  const { host } = registry;
  const sign = await prepared(shop, registry);
  const first = registry.addImage("team/base", "v1", { layers: [tarOf([{ path: "a", content: "a" }])], config: CONFIG });
  await sign(`${host}/team/base:v1`);
  await shop.build(`FROM ${host}/team/base@${first.digest}\nLABEL a=b\n`);
  const second = registry.addImage("team/base", "v1", { layers: [tarOf([{ path: "a", content: "evil" }])], config: CONFIG });
  assert.match(await refused(shop, `FROM ${host}/team/base:v1\n`), /^SIGNATURE /);
  assert.match(await refused(shop, `FROM ${host}/team/base:v1@${second.digest}\n`), /^SIGNATURE /);
  await using pulling = pullImage({ root: shop.root, image: `${host}/team/base:v1` });
  await pulling.result;
  assert.match(await refused(shop, `FROM ${host}/team/base:v1\n`), /^SIGNATURE /);
  await sign(`${host}/team/base:v1`);
  await shop.build(`FROM ${host}/team/base:v1\nLABEL a=b\n`);
  rmSync(join(shop.context, "decant.yaml"));
  await shop.build(`FROM ${host}/team/base:v1\nLABEL a=c\n`);
});
