/** Locked places and their sweeping, and what is left of a builder that was killed. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { cannotRunSteps, makeBusyboxRoot } from "../../../test/support/sandbox.ts";
import { delay } from "../../async.ts";
import { startProcess } from "../../sys/index.ts";
import { createInstance, sweepSandboxes } from "./instance.ts";

const CHILD = fileURLToPath(new URL("../../../test/support/sandbox-child.ts", import.meta.url));

it("sweepSandboxes() leaves the living and removes the dead", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-instance-"));
  const instance = createInstance(folder.path);
  mkdirSync(join(folder.path, "decant-0-dead/work-1/work"), { recursive: true, mode: 0o000 });
  writeFileSync(join(folder.path, "decant-0-dead.lock"), "");
  writeFileSync(join(folder.path, "runtime.json"), "{}");
  assert.equal(await sweepSandboxes(folder.path), 1);
  assert.deepEqual(readdirSync(folder.path).toSorted(), [instance.name, `${instance.name}.lock`, "runtime.json"]);
  await instance[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(folder.path), ["runtime.json"]);
});

it(
  "sweepSandboxes() removes cgroups that a killed runtime left where its builder wanted them",
  { skip: cannotRunSteps("runc") },
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-instance-"));
    const controller = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
    const parent = `decant-test-${process.pid}-sweep`;
    mkdirSync(join(folder.path, "decant-0-dead"));
    writeFileSync(join(folder.path, "decant-0-dead.lock"), "");
    writeFileSync(join(folder.path, "decant-0-dead", "cgroups"), parent);
    mkdirSync(join(controller, parent, "decant-0-dead-1"), { recursive: true });
    assert.equal(await sweepSandboxes(folder.path), 1);
    // Fails where something is left in it.
    rmdirSync(join(controller, parent));
  },
);

it("sweepSandboxes() does nothing where nothing ever ran", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-instance-"));
  assert.equal(await sweepSandboxes(join(folder.path, "missing")), 0);
});

it("a killed builder takes its steps with it, and the sweep the rest", { skip: cannotRunSteps("crun"), timeout: 600_000 }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-instance-"));
  makeBusyboxRoot(join(folder.path, "base"));
  const marker = `marker-${process.pid}-${Math.random()}`;
  const child = startProcess({ argv: [process.execPath, CHILD, folder.path, marker], stdio: { stderr: "inherit" } });
  for await (const chunk of child.stdout) if (Buffer.from(chunk).includes("up")) break;
  assert.ok(countProcesses(marker) > 0);
  child.kill("SIGKILL");
  await child.exit;
  // The kernel needs a moment; nobody helps it.
  while (countProcesses(marker) > 0) await delay(5);
  assert.equal(await sweepSandboxes(join(folder.path, "state")), 1);
  assert.deepEqual(readdirSync(join(folder.path, "state")), ["runtime.json"]);
});

function countProcesses(marker: string): number {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(marker);
    } catch {
      // It ended meanwhile.
      return false;
    }
  }).length;
}
