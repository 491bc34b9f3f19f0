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
  options: readonly string[] = [],
): Promise<{ readonly exitCode: number; readonly stderr: string }> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, dockerfile);
  const { exitCode, stderr } = await runProcess({
    argv: [...below, DECANT, "build", "--progress", "plain", "-f", file, ...options, shop.context],
    env: { ...process.env, DECANT_ROOT: shop.root },
  });
  return { exitCode, stderr: stderr.toString() };
}

/** The store on an overlay, as in a container. */
function onOverlay(shop: Workshop): string[] {
  const parts = ["lower", "upper", "work"].map((name) => join(shop.folder, name));
  for (const folder of [...parts, shop.root]) mkdirSync(folder);
  const [lower = "", upper = "", work = ""] = parts;
  const script = `mkdir -p ${shop.root} && mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${shop.root} && exec "$@"`;
  return ["unshare", "-m", "sh", "-c", script, "sh"];
}

/** The store on fuse-overlayfs, as in a container of podman without root on an old kernel. Its process ends with the mount. */
function onFuseOverlay(shop: Workshop): string[] {
  const [lower = "", upper = "", work = ""] = ["lower", "upper", "work"].map((name) => join(shop.folder, name));
  for (const folder of [lower, upper, work, shop.root]) mkdirSync(folder);
  const mount = `fuse-overlayfs -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${shop.root} 2>&1`;
  return ["unshare", "-m", "sh", "-c", `${mount} && { "$@"; code=$?; umount -l ${shop.root}; exit $code; }`, "sh"];
}

/** What an overlay keeps apart: whiteouts, directories made anew, owners, links, mounts; and COPY between RUN. */
const STEPS = `RUN mkdir -p /d/deep && echo 1 > /d/one && ln /d/one /d/two && ln -s d /link && mkdir -m 1777 /t && echo x > /keep && echo y > /gone
RUN rm -r /d /gone && mkdir /d && echo 2 > /d/three && chown 5:6 /t && mkfifo /p && chmod 4755 /keep
RUN --mount=type=cache,target=/c --mount=type=bind,target=/m test -e /m/busybox && mv /keep /kept && ln /kept /kept2 && echo z >> /kept2
COPY busybox /other
RUN rm -r /other && test ! -e /gone && test -e /kept && test "$(cat /d/*)" = 2
`;

const UNABLE = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"];

describe("U7: a build in a container", { timeout: 600_000 }, () => {
  it("gives the same image with its store on an overlay or on fuse-overlayfs, and says what is faster", async () => {
    const digests: string[] = [];
    for (const below of [onOverlay, onFuseOverlay, (): string[] => []]) {
      using shop = workshop();
      addBusybox(shop);
      const { exitCode, stderr } = await build(shop, `${BUSYBOX}${STEPS}`, below(shop), [
        "--build-arg=SOURCE_DATE_EPOCH=1700000000",
        `--output=type=oci,dest=${join(shop.folder, "image.tar")},rewrite-timestamp=true`,
      ]);
      assert.equal(exitCode, 0, stderr);
      assert.equal(/StoreOnOverlay: .* a volume for the store is faster/.test(stderr), below === onOverlay || below === onFuseOverlay);
      digests.push(/image\.tar (sha256:\S+)/.exec(stderr)?.[1] ?? stderr);
    }
    assert.deepEqual(digests, [digests[0], digests[0], digests[0]]);
  });

  it("copies layers with its store on an overlay that is on another one, and says what is faster", async () => {
    using shop = workshop();
    addBusybox(shop);
    const [shell = "", namespace = "", sh = "", flag = "", script = "", name = ""] = onOverlay(shop);
    const inner = `cd ${shop.root} && mkdir l u w m && mount -t tmpfs none u && mkdir u/u u/w && mount -t overlay overlay -o lowerdir=l,upperdir=u/u,workdir=u/w m && export DECANT_ROOT=${shop.root}/m && exec "$@"`;
    const twice = [shell, namespace, sh, flag, script.replace('exec "$@"', inner), name];
    // Linux stacks no overlay upon two.
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}${STEPS}`, twice);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /LayersCopied/);
    assert.match(stderr, /StoreOnOverlay: .* a volume for the store is faster/);
  });

  it("H1: runs steps without CAP_SYS_ADMIN, in a user namespace of its own", async () => {
    using shop = workshop();
    addBusybox(shop);
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}${STEPS}`, UNABLE);
    assert.equal(exitCode, 0, stderr);
  });

  it("says that it has no CAP_SYS_ADMIN, and what helps, where it may make no user namespace", async () => {
    using shop = workshop();
    addBusybox(shop);
    const off = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', "sh"];
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN true\n`, [...off, ...UNABLE]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /ERROR: Cannot run a step: this container has no CAP_SYS_ADMIN/);
    assert.match(stderr, /Hint: Start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined/);
  });

  it("says that parts of /proc are hidden, and what helps", async () => {
    using shop = workshop();
    addBusybox(shop);
    const hidden = ["unshare", "-m", "sh", "-c", 'mount --bind /dev/null /proc/timer_list && exec "$@"', "sh"];
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN true\n`, [...hidden, ...UNABLE]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /ERROR: Cannot run a step: this container hides parts of \/proc/);
    assert.match(stderr, /Hint: Start the container with --security-opt systempaths=unconfined/);
  });

  it("says that steps of a container without CAP_NET_ADMIN are on its network, and what helps", async () => {
    using shop = workshop();
    addBusybox(shop);
    const below = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    const { exitCode, stderr } = await build(shop, `${BUSYBOX}RUN true\n`, below);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /HostNetwork: .*: this container has no CAP_NET_ADMIN \(Start the container with --cap-add NET_ADMIN --device/);
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
