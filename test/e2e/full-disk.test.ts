/** X8, U8: a full disk is an error with a way out, whoever writes. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { smallDisk } from "../support/small-disk.ts";

interface Outcome {
  readonly status: number | null;
  readonly text: string;
}

function decant(root: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(DECANT, args, { encoding: "utf8", env: { ...process.env, DECANT_ROOT: root, ...env } });
  return { status, text: stdout + stderr };
}

const PRINTS = `${BUSYBOX}RUN yes 0123456789abcdef0123456789abcdef | head -c 60000000\n`;

it("U8: a RUN whose log does not fit any more fails, and so does its program", async () => {
  using shop = workshop();
  await using disk = smallDisk("20m");
  const root = join(disk.path, "store");
  addBusybox(shop);
  writeFileSync(join(shop.context, "Dockerfile"), PRINTS.replace("60000000", "600000000; sleep 1000"));
  const { status, text } = decant(root, ["build", "--progress", "none", shop.context]);
  assert.match(text, /ERROR: Cannot write the log of a step: no space left on the device/);
  assert.doesNotMatch(text, /bug in Decant|at .*\.ts:/);
  assert.equal(status, 1);
});

it("X8: a build whose events do not fit any more fails", async () => {
  using shop = workshop();
  await using disk = smallDisk("4m");
  addBusybox(shop);
  writeFileSync(join(shop.context, "Dockerfile"), PRINTS);
  const { status, text } = decant(shop.root, ["build", "--progress", "none", shop.context], { TMPDIR: disk.path });
  assert.match(text, /ERROR: Cannot write the events of a run to a temporary file: no space left on the device/);
  assert.equal(status, 1);
});

it("X8: prune frees a disk that has no byte left", async () => {
  using shop = workshop();
  await using disk = smallDisk("30m");
  const root = join(disk.path, "store");
  mkdirSync(join(shop.context, "files"));
  for (let number = 0; number < 200; number += 1) writeFileSync(join(shop.context, `files/${number}`), Buffer.alloc(20_000, number));
  writeFileSync(join(shop.context, "Dockerfile"), "FROM scratch\nCOPY files /\n");
  assert.equal(decant(root, ["build", "-t", "app", shop.context]).status, 0);
  spawnSync("dd", ["if=/dev/zero", `of=${disk.path}/filler`, "bs=4096"]);
  assert.equal(statfsSync(disk.path).bavail, 0);
  const build = decant(root, ["build", "--no-cache", shop.context]);
  assert.match(build.text, /is full|no space left/);
  assert.match(build.text, /decant prune/);
  assert.deepEqual([decant(root, ["prune", "--all"]).status, statfsSync(disk.path).bavail > 0], [0, true]);
  execFileSync("rm", [`${disk.path}/filler`]);
  assert.equal(decant(root, ["build", shop.context]).status, 0);
});
