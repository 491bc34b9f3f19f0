/** Runs the demo as a user does and reads its table. Takes minutes when nothing is cached; needs root and the network. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

test("npm run demo builds, runs and compares three images", async () => {
  await using own = await mkdtempDisposable(join(tmpdir(), "decant-demo-"));
  const done = spawnSync("npm", ["run", "--silent", "demo"], {
    cwd: resolve(import.meta.dirname, "../.."),
    // The folder of the user's own demo may be kept by CI between runs.
    env: { ...process.env, NO_COLOR: "1", DECANT_DEMO_DIR: process.env["DECANT_DEMO_DIR"] ?? own.path },
    encoding: "utf8",
  });
  assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
  for (const variant of ["one-stage", "multi-stage", "distroless"]) assert.match(done.stdout, new RegExp(`│ ${variant} +│ +[\\d.]+ [MG]B`));
  assert.equal(done.stdout.match(/GET \/healthz +200 ok/g)?.length, 3);
  assert.equal(done.stdout.match(/GET \/api\/hello\/demo +200 .*Hello, demo!/g)?.length, 3);
  assert.equal(done.stdout.match(/SIGTERM +exit code 0/g)?.length, 3);
  assert.match(done.stdout, /│ distroless .*│ none +│ none +│/);
  assert.match(done.stdout, /complete: 0 errors/);
});
