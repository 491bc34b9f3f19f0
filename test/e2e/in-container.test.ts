/** What a container keeps from a build is told with what helps (U7): by the command, in what containers are made of. See docs/ci.md. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

/** Builds below the command line `below`. */
async function build(
  shop: Workshop,
  dockerfile: string,
  below: readonly string[],
): Promise<{ readonly exitCode: number; readonly stderr: string }> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, dockerfile);
  const { exitCode, stderr } = await runProcess({
    argv: [...below, DECANT, "build", "--progress", "plain", "-f", file, shop.context],
    env: { ...process.env, DECANT_ROOT: shop.root },
  });
  return { exitCode, stderr: stderr.toString() };
}

/** The store on an overlay, as in a container. */
function onOverlay(shop: Workshop): string[] {
  const parts = ["lower", "upper", "work"].map((name) => join(shop.folder, name));
  for (const folder of [...parts, shop.root]) mkdirSync(folder);
  const [lower = "", upper = "", work = ""] = parts;
  const script = `mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${shop.root} && exec "$@"`;
  return ["unshare", "-m", "sh", "-c", script, "sh"];
}

const UNABLE = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"];

describe("U7: a build in a container", { timeout: 120_000 }, () => {
  it("says that its store is on an overlay, and what helps", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN true\n`, onOverlay(shop));
    assert.equal(exitCode, 1);
    assert.match(stderr, /ERROR: Cannot run a step: the store is on the file system of a container \(overlayfs\)/);
    assert.match(stderr, /Hint: Put the store on a volume or a tmpfs/);
  });

  it("says that it has no CAP_SYS_ADMIN, and what helps", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN true\n`, UNABLE);
    assert.equal(exitCode, 1);
    assert.match(stderr, /ERROR: Cannot run a step: this container has no CAP_SYS_ADMIN/);
    assert.match(stderr, /Hint: Start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined/);
  });

  it("needs nothing of it where no RUN is", async () => {
    using shop = workshop();
    addBusybox(shop);
    assert.equal((await build(shop, BUSYBOX, [...onOverlay(shop), ...UNABLE])).exitCode, 0);
  });

  it("runs steps with the store on a tmpfs", async () => {
    using shop = workshop();
    addBusybox(shop);
    mkdirSync(shop.root);
    const tmpfs = ["unshare", "-m", "sh", "-c", `mount -t tmpfs none ${shop.root} && exec "$@"`, "sh"];
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN echo works\n`, tmpfs);
    assert.equal(exitCode, 0, stderr);
  });
});
