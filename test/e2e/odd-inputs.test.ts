/** Odd but lawful inputs of builds, and stores in odd places (X12), by the command. */
import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function decant(shop: Workshop, args: readonly string[], below: readonly string[] = []): Promise<Said> {
  const { exitCode, stdout, stderr } = await runProcess({
    argv: [...below, DECANT, ...args],
    env: { ...process.env, DECANT_ROOT: shop.root },
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

function build(shop: Workshop, dockerfile: string, flags: readonly string[] = []): Promise<Said> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, dockerfile);
  return decant(shop, ["build", "--progress", "plain", ...flags, "-f", file, shop.context]);
}

describe("odd inputs of builds", { concurrency: 2 }, () => {
  it("X12: a file from before 1970 keeps its time, in whole seconds and in parts", async () => {
    using shop = workshop();
    addBusybox(shop);
    mkdirSync(join(shop.context, "old"));
    writeFileSync(join(shop.context, "old", "file"), "");
    await runProcess({ argv: ["touch", "-d", "1960-01-01 00:00:00 UTC", join(shop.context, "old", "file")] });
    const text = `${BUSYBOX}COPY old /old\nRUN touch -d '1960-01-01 00:00:00' /old/made\nRUN stat -c '%n %Y' /old/*; cp -p /old/file /old/copy\nRUN stat -c '%n %Y' /old/copy\n`;
    const { stderr } = await build(shop, text);
    assert.match(stderr, /\/old\/file -315619200\n.*\/old\/made -315619200\n/);
    assert.match(stderr, /\/old\/copy -315619200\n/);
  });

  const places = ["cache,target=/proc", "cache,target=/proc/sys", "tmpfs,target=/proc", "bind,target=/proc", "cache,target=/dev"];
  for (const place of places)
    it(`X12: a mount of type ${place} is refused`, async () => {
      using shop = workshop();
      addBusybox(shop);
      const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN --mount=type=${place} true\n`);
      assert.equal(exitCode, 1);
      assert.match(stderr, /ERROR: Cannot mount on "\/(?:proc(?:\/sys)?": it is in \/proc|dev": it is \/dev), .*; wanted another path\n/);
    });

  it("X12: a mount on a file that every step has takes its place", async () => {
    using shop = workshop();
    addBusybox(shop);
    const secret = join(shop.folder, "secret");
    writeFileSync(secret, "10.0.0.1 db\n");
    const mounts = "--mount=type=secret,id=hosts,target=/etc/hosts --mount=type=cache,target=/etc/resolv.conf";
    const { stderr } = await build(shop, `${BUSYBOX}RUN ${mounts} wc -c < /etc/hosts && stat -c %F /etc/resolv.conf\n`, [
      "--secret",
      `id=hosts,src=${secret}`,
    ]);
    assert.match(stderr, /\d 12\n.*\d directory\n/);
  });

  it("X12: a secret is a file of a bounded size", async () => {
    using shop = workshop();
    addBusybox(shop);
    for (const [path, want] of [
      ["/dev/zero", /it is a device/],
      ["/dev/urandom", /it is a device/],
      ["/proc/kallsyms", /more than 512000/],
    ] as const) {
      const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN --mount=type=secret,id=x true\n`, ["--secret", `id=x,src=${path}`]);
      assert.equal(exitCode, 1);
      assert.match(stderr, want);
    }
  });
});

it("X12: the database of a store is its owner's alone, whatever the folder is", async () => {
  using shop = workshop();
  mkdirSync(shop.root, { mode: 0o777 });
  assert.equal((await build(shop, "FROM scratch\nLABEL a=b\n")).exitCode, 0);
  for (const name of ["decant.db", "blobs", "logs", "dirs", "tmp"]) assert.equal(statSync(join(shop.root, name)).mode & 0o077, 0, name);
});

it("X12: images, inspect, audit and sbom look at a store that cannot be written to, and what writes says so", async () => {
  using shop = workshop();
  addBusybox(shop);
  assert.equal((await build(shop, `${BUSYBOX}RUN echo hi > /x\nENTRYPOINT ["/bin/busybox"]\n`, ["-t", "app"])).exitCode, 0);
  const tar = join(shop.folder, "root.tar");
  await runProcess({ argv: ["tar", "-C", join(shop.context, "busybox"), "-czf", tar, "."] });
  assert.equal((await decant(shop, ["import", tar, "other"])).exitCode, 0);
  const readOnly = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', shop.root];
  const look = (...args: readonly string[]): Promise<Said> => decant(shop, args, readOnly);
  assert.match((await look("images")).stdout, /library\/app:latest .*\n.*library\/other:latest/);
  for (const image of ["app", "other"]) {
    assert.match((await look("inspect", "--sizes", image)).stdout, /Compressed +\d/);
    assert.match((await look("audit", image)).stdout, /^\S+ linux\/\w+\n/);
    assert.match((await look("sbom", image)).stdout, /"spdxVersion"/);
  }
  assert.match((await decant(shop, ["audit", "app"])).stdout, /It will run/);
  for (const args of [["prune"], ["rmi", "app"], ["run", "app", "true"]]) {
    const { exitCode, stderr } = await look(...args);
    assert.equal(exitCode, 1);
    assert.match(stderr, /is not writable\n[^]*Hint: Make it writable/);
  }
});
