/** RUN --device with real runtimes (F22): device files, variables, mounts, hooks and groups of CDI specifications of the test. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, isDecantError } from "../../src/index.ts";
import { addBusybox, type Built, BUSYBOX, workshop, type Workshop } from "../support/build.ts";

/** A workshop with busybox and a folder of specifications. */
function shopWithDevices(): { readonly shop: Workshop; readonly build: (text: string, options?: Partial<BuildOptions>) => Promise<Built> } {
  const shop = workshop();
  addBusybox(shop);
  const folder = join(shop.folder, "cdi");
  mkdirSync(folder);
  writeFileSync(join(shop.folder, "library"), "of the vendor\n");
  const spec = {
    cdiVersion: "0.7.0",
    kind: "vendor.com/null",
    containerEdits: { env: ["VENDOR=here", "KEPT=vendor"] },
    devices: [
      {
        name: "one",
        containerEdits: {
          env: ["ONE=yes"],
          deviceNodes: [
            { path: "/dev/vendor/one", hostPath: "/dev/null" },
            { path: "/dev/zeros", type: "c", major: 1, minor: 5, fileMode: 0o640, gid: 7 },
          ],
          mounts: [{ hostPath: join(shop.folder, "library"), containerPath: "/usr/lib/vendor.so", options: ["ro", "nosuid"] }],
          additionalGids: [4242],
          hooks: [{ hookName: "createRuntime", path: "/bin/sh", args: ["sh", "-c", `cat > ${join(shop.folder, "hooked")}`] }],
        },
      },
    ],
  };
  writeFileSync(join(folder, "vendor.json"), JSON.stringify(spec));
  writeFileSync(
    join(folder, "self.yaml"),
    'cdiVersion: "0.6.0"\nkind: self.com/allowed\nannotations: { org.mobyproject.buildkit.device.autoallow: true }\ndevices: [{ name: a, containerEdits: { env: [SELF=allowed] } }]\n',
  );
  return { shop, build: (text, options = {}) => shop.build(BUSYBOX + text, { cdiSpecDirs: [folder], ...options }) };
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.source[0]?.start.line ?? "-"}: ${error.message} | ${error.hint ?? ""}`;
    throw error;
  }
  return "no error";
}

describe("RUN --device", { concurrency: 2 }, () => {
  for (const runtime of ["crun", "runc"] as const) {
    it(`shows device files, variables and mounts, and calls hooks, with ${runtime}`, async () => {
      const { shop, build } = shopWithDevices();
      using _shop = shop;
      const text = `ENV KEPT=image
USER app
RUN --device=vendor.com/null=one id -G && echo x > /dev/vendor/one && stat -c '%F %t:%T %a %u:%g' /dev/vendor/one && cat /usr/lib/vendor.so && echo $ONE $VENDOR $KEPT
USER root
RUN --device=vendor.com/null=one stat -c '%a %u:%g' /dev/zeros && head -c 3 /dev/zeros | wc -c
RUN echo "\${ONE-gone}" && ! [ -e /dev/zeros ] && ! [ -e /usr/lib ]`;
      const { log } = await build(text, { runtime, allow: ["device=vendor.com/null=one"] });
      assert.match(log, /^1001 2000 4242\ncharacter special file 1:3 666 1000:1001\nof the vendor\nyes here vendor\n/);
      assert.match(log, /640 0:7\n3\ngone\n$/);
      assert.match(readFileSync(join(shop.folder, "hooked"), "utf8"), /"status":\s*"creat/);
    });
  }

  it("is allowed by --allow, by the device itself, or by the one who builds", async () => {
    const { shop, build } = shopWithDevices();
    using _shop = shop;
    const text = "RUN true\nRUN --device=vendor.com/null true";
    assert.match(
      await failure(build(text)),
      /^DOCKERFILE_SEMANTIC 5: .*device vendor\.com\/null=one is requested by the build but not allowed \| Pass --allow device=vendor\.com\/null=one/,
    );
    await build(text, { allow: ["device"] });
    assert.equal((await build("RUN --device=self.com/allowed echo $SELF")).log, "allowed\n");
    assert.equal((await build("RUN --device=gpu,required echo $ONE", { allow: ["device=vendor.com/null=one,alias=gpu"] })).log, "yes\n");
    assert.equal((await build("RUN echo $ONE again", { devices: [{ name: "vendor.com/null" }] })).log, "yes again\n");
  });

  it("is an error when required and not there; else the step runs without, with a warning", async () => {
    const { shop, build } = shopWithDevices();
    using _shop = shop;
    assert.match(
      await failure(build("RUN --device=vendor.com/no,required true")),
      /^RUN_FAILED 4: .*required device "vendor\.com\/no" is not registered; there are self\.com\/allowed=a, vendor\.com\/null=one \| Put/,
    );
    const { log, events } = await build("RUN --device=vendor.com/no echo without");
    assert.equal(log, "without\n");
    assert.equal(events.filter((event) => event.type === "warning" && event.code === "DeviceNotFound").length, 1);
  });

  it("is part of the key: the device, and what it does", async () => {
    const { shop, build } = shopWithDevices();
    using _shop = shop;
    const options = { allow: ["device"] } as const;
    const text = "RUN --device=vendor.com/null true";
    assert.equal((await build("RUN true", options)).result.executed > 0, true);
    assert.equal((await build(text, options)).result.executed, 1);
    assert.equal((await build(text, options)).result.executed, 0);
    const path = join(shop.folder, "cdi", "vendor.json");
    writeFileSync(path, readFileSync(path, "utf8").replace("ONE=yes", "ONE=no"));
    assert.equal((await build(text, options)).result.executed, 1);
  });
});
