/** --cgroup-parent and --resource with real runtimes and cgroups (F77, F78). */
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop } from "../support/build.ts";

const CGROUPS = "/sys/fs/cgroup";

/** The cgroup `name`, of every controller where there are many trees; removed when disposed. */
function ownCgroup(name: string): Disposable & { readonly places: () => string[] } {
  const places = (): string[] =>
    [CGROUPS, ...readdirSync(CGROUPS).map((each) => join(CGROUPS, each))]
      .map((root) => join(root, name))
      .filter((path) => existsSync(path));
  return {
    places,
    [Symbol.dispose]() {
      for (const path of places()) rmdirSync(path);
    },
  };
}

describe("cgroups of RUN steps", () => {
  it("are below --cgroup-parent, and gone after the step", async () => {
    using shop = workshop();
    addBusybox(shop);
    using cgroup = ownCgroup(`decant-test-${process.pid}`);
    const name = `/decant-test-${process.pid}`;
    // Every step has a cgroup namespace, so it sees only what is below.
    const { log } = await shop.build(`${BUSYBOX}RUN cat /proc/self/cgroup`, { cgroupParent: name });
    assert.match(log, /^(?:\d+:[^:]*:\/\n)+$/);
    assert.notDeepEqual(cgroup.places(), []);
    for (const path of cgroup.places())
      assert.deepEqual(
        readdirSync(path, { withFileTypes: true }).filter((each) => each.isDirectory()),
        [],
        path,
      );
    assert.equal((await shop.build(`${BUSYBOX}RUN cat /proc/self/cgroup`)).result.executed, 0);
  });

  it("limit each step: one that takes more memory is ended, and says why", async () => {
    using shop = workshop();
    addBusybox(shop);
    using _cgroup = ownCgroup(`decant-test-${process.pid}-memory`);
    const options = { cgroupParent: `decant-test-${process.pid}-memory`, resources: { memoryBytes: 32 * 1024 ** 2, cpuShares: 512 } };
    await shop.build(`${BUSYBOX}RUN true`, options);
    await assert.rejects(shop.build(`${BUSYBOX}RUN x=$(head -c 200000000 /dev/zero | tr '\\0' a) && echo`, options), (error) => {
      assert.ok(isDecantError(error, "RUN_FAILED"), String(error));
      assert.match(error.message, /it ran out of memory$/);
      return true;
    });
  });

  it("cannot be outside of the tree", async () => {
    using shop = workshop();
    addBusybox(shop);
    await assert.rejects(shop.build(`${BUSYBOX}RUN true`, { cgroupParent: "../x" }), { code: "USAGE" });
  });
});
