/** What commands leave that were killed: the next command sweeps all of it (R13). */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

/** Folders below the cgroups of this machine that are called after a sandbox. */
function cgroupsOf(name: string): string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...readdirSync(root).map((each) => join(root, each))]
    .filter((folder) => existsSync(join(folder, "cgroup.procs")))
    .flatMap((folder) => readdirSync(folder).filter((each) => each.startsWith(name)));
}

it(
  "R13: the next command sweeps locks, temporary folders, sandboxes and cgroups of one that was killed",
  { timeout: 600_000 },
  async () => {
    using shop = workshop();
    addBusybox(shop);
    const temporary = join(shop.folder, "tmp");
    mkdirSync(temporary);
    const env = { ...process.env, DECANT_ROOT: shop.root, TMPDIR: temporary };
    const key = join(shop.folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const file = join(shop.folder, "Dockerfile");
    const mounts = "--mount=type=ssh --mount=type=cache,target=/cache,sharing=locked";
    writeFileSync(file, `${BUSYBOX}RUN ${mounts} echo is up; sleep 1000\n`);
    const args = ["build", "--progress", "plain", "--ssh", `default=${key}`, "-f", file, shop.context];
    const killed = spawn(DECANT, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    for await (const chunk of killed.stderr) if ((said += String(chunk)).includes("is up\n")) break;
    const locks = (): readonly string[] => readdirSync(join(shop.root, "locks"));
    const [sandbox = "none"] = readdirSync(join(shop.root, "sandbox")).filter((name) => /^decant-[^.]*$/.test(name));
    assert.deepEqual([locks().length > 0, readdirSync(temporary).length > 0, sandbox === "none"], [true, true, false]);
    const gone = new Promise((resolve) => killed.once("exit", resolve));
    killed.kill("SIGKILL");
    await gone;
    writeFileSync(file, `${BUSYBOX}RUN true\n`);
    const { exitCode, stderr } = await runProcess({ argv: [DECANT, "build", "-f", file, shop.context], env });
    assert.equal(exitCode, 0, stderr.toString());
    assert.deepEqual([locks(), readdirSync(join(shop.root, "tmp")), readdirSync(temporary)], [[], [], []]);
    assert.deepEqual([readdirSync(join(shop.root, "sandbox")), cgroupsOf(sandbox)], [["runtime.json"], []]);
  },
);
