/** H3: what the machine refuses is an error with words, or nothing at all; and the store is as good as before. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { verifyStore } from "../../src/index.ts";
import { complaint, type Fault, type Outcome, runAction } from "../crash/processes.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { smallDisk } from "../support/small-disk.ts";

const TEXT = `${BUSYBOX}RUN --mount=type=cache,target=/c seq 9 > /made && seq 5 > /c/log && ln /made /linked\nCOPY busybox/etc /copied\n`;

interface How {
  readonly root?: string;
  readonly fault?: Fault;
  readonly under?: readonly string[];
  readonly more?: readonly string[];
}

/** Builds, and gives how that ended; its standard output is the ID of the image. */
async function buildIn(shop: Workshop, { root = shop.root, more = [], ...how }: How = {}): Promise<Outcome> {
  writeFileSync(join(shop.folder, "Dockerfile"), TEXT);
  const output = ["-o", "type=image,rewrite-timestamp=true", "--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
  const args = ["build", "--quiet", ...output, ...more, "-f", join(shop.folder, "Dockerfile"), shop.context];
  return await runAction({ kind: "build", args }, { ...process.env, DECANT_ROOT: root, NO_COLOR: "1" }, how);
}

/** The ID of the image, and what verification finds. */
async function stateOf(shop: Workshop, root: string): Promise<readonly [id: string, problems: readonly unknown[]]> {
  const { code, text } = await buildIn(shop, { root });
  assert.equal(code, 0, text);
  return [text.trim(), (await verifyStore({ root, env: {} }).result).problems];
}

function fits(outcome: Outcome): void {
  assert.equal(complaint(outcome, true), undefined);
}

const CALLS = ["pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "unlink", "fchmod", "openat"];

describe("H3: a system call that fails", () => {
  for (const call of CALLS)
    for (const error of ["EIO", "ENOSPC"] as const)
      it(`${call} with ${error}: the build says so or does without, and the next one is as ever`, { timeout: 600_000 }, async () => {
        using shop = workshop();
        addBusybox(shop);
        const [id] = await stateOf(shop, shop.root);
        for (const when of call === "openat" ? [60, 90, 150] : [1, 2, 3, 5])
          fits(await buildIn(shop, { more: ["--no-cache"], fault: { call, error, when, isLasting: when % 2 === 1 } }));
        assert.deepEqual(await stateOf(shop, shop.root), [id, []]);
      });
});

it("H3: too few open files (EMFILE)", { timeout: 600_000 }, async () => {
  using shop = workshop();
  addBusybox(shop);
  const [id] = await stateOf(shop, shop.root);
  for (const files of [26, 28, 30, 32, 36, 40, 50])
    fits(await buildIn(shop, { more: ["--no-cache"], under: ["prlimit", `--nofile=${files}:${files}`] }));
  assert.deepEqual(await stateOf(shop, shop.root), [id, []]);
});

it("H3: disks that are full at any point of a build", { timeout: 600_000 }, async () => {
  using shop = workshop();
  addBusybox(shop);
  const [id] = await stateOf(shop, shop.root);
  for (const size of ["300k", "1200k", "1500k", "2m", "3m", "4m", "5m", "6m"]) {
    await using disk = smallDisk(size);
    const root = join(disk.path, "store");
    fits(await buildIn(shop, { root }));
    execFileSync("mount", ["-o", "remount,size=60m", disk.path]);
    assert.deepEqual(await stateOf(shop, root), [id, []], size);
  }
});

const POOR: readonly (readonly [string, Fault])[] = [
  ["hard links", { call: "link,linkat", error: "EPERM", when: 1, isLasting: true }],
  ["extended attributes", { call: "setxattr,lsetxattr,fsetxattr", error: "EOPNOTSUPP", when: 1, isLasting: true }],
];

describe("H3: a store on a file system without", () => {
  for (const [name, fault] of POOR)
    it(name, { timeout: 600_000 }, async () => {
      using shop = workshop();
      addBusybox(shop);
      const root = join(shop.folder, "poor");
      const outcome = await buildIn(shop, { root, fault });
      fits(outcome);
      const [id, problems] = await stateOf(shop, root);
      assert.deepEqual([id, problems], await stateOf(shop, shop.root));
    });

  it("anything but files: ramfs", async () => {
    using shop = workshop();
    addBusybox(shop);
    const path = mkdtempSync(join(tmpdir(), "decant-ramfs-"));
    execFileSync("mount", ["-t", "ramfs", "ramfs", path]);
    try {
      const root = join(path, "store");
      fits(await buildIn(shop, { root }));
      assert.deepEqual(await stateOf(shop, root), await stateOf(shop, shop.root));
    } finally {
      execFileSync("umount", [path]);
      rmdirSync(path);
    }
  });
});
