/** U10: a base image whose name is mistyped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { auditImage, type DecantError, isDecantError, pullImage } from "../../src/index.ts";
import { workshop } from "../support/build.ts";
import { tarOf } from "../support/archive.ts";
import { startFakeRegistry } from "../support/registry.ts";

test("U10: the hint of a base that does not exist names the image that was meant", async () => {
  using shop = workshop();
  await using registry = await startFakeRegistry();
  registry.addImage("team/app", "stable", { layers: [tarOf([{ path: "base.txt", content: "base" }])] });
  const { host } = registry;
  await shop.build(`FROM ${host}/team/app:stable\nLABEL a=b\n`);
  const hintOf = async (from: string, more = ""): Promise<string> => {
    const error: unknown = await shop.build(`${more}FROM ${from}\nLABEL a=b\n`).catch((failure: unknown) => failure);
    assert.ok(isDecantError(error), from);
    return error.hint ?? "";
  };
  for (const [from, want] of [
    [`${host}/team/app:stabel`, `Did you mean "${host}/team/app:stable"? Check the name and the tag`],
    [`${host}/team/app:lates`, `Did you mean "${host}/team/app:latest"?`],
    [`${host}/team/ap:stable`, `Did you mean "${host}/team/app:stable"?`],
    [`${host}/team/frobnicate`, "Check the name and the tag"],
  ] as const)
    assert.ok((await hintOf(from)).startsWith(want), `${from}: ${await hintOf(from)}`);
  assert.match(await hintOf(`${host}/builder`, "FROM scratch AS build\nCOPY Dockerfile /\n"), /^Check the name/);
  await registry[Symbol.asyncDispose]();
  // Nobody has said that this tag is wrong.
  assert.doesNotMatch(await hintOf(`${host}/team/app:stabel`), /Did you mean/);
});

test("U10: an image that cannot be pulled has such a hint, too, whatever wants it", async () => {
  using shop = workshop();
  await using registry = await startFakeRegistry();
  registry.addImage("team/app", "stable", { layers: [tarOf([{ path: "base.txt", content: "base" }])] });
  const { host } = registry;
  await shop.build(`FROM ${host}/team/app:stable\nLABEL a=b\n`);
  await registry[Symbol.asyncDispose]();
  const options = { root: shop.root, env: {} } as const;
  const hintOf = async (work: Promise<unknown>): Promise<string | undefined> =>
    await work.then(
      () => undefined,
      (error: unknown) => (isDecantError(error) ? (error satisfies DecantError).hint : undefined),
    );
  const image = `${host}/team/ap:stable`;
  const want = new RegExp(`^Did you mean "${host}/team/app:stable"\\? Check`);
  assert.match((await hintOf(pullImage({ ...options, image }).result)) ?? "", want);
  assert.match((await hintOf(auditImage({ ...options, image }).result)) ?? "", want);
});
