import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "./yaml.ts";

test("H4: parseYaml() finds a key that is there twice, in any mapping", async () => {
  assert.deepEqual((await parseYaml("a:\n  b: 1\n  c: {d: 1, d: 2}\n")).mistake, { message: "Map keys must be unique", pos: [22, 23] });
  assert.equal((await parseYaml("a: {b: 1}\nc: {b: 1}\n")).mistake, undefined);
});

test("H4: parseYaml() reads a mapping of 60,000 keys", async () => {
  const text = Array.from({ length: 60_000 }, (_, at) => `k${at}: 1\n`).join("");
  assert.equal((await parseYaml(text)).mistake, undefined);
});
