/**
 * Device files that a RUN makes or finds (L10, R11, X11), by the command: with each runtime, with cgroups as this machine has them and with
 * version 2 alone.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, addProgram, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

/** In a mount namespace of its own, with cgroups of version 2 alone. */
const UNIFIED = ["unshare", "-m", "sh", "-c", 'umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"', "sh"];
/** The same where nobody can make cgroups, on a machine whose /dev has disks and more: nothing keeps steps from them. */
const WITHOUT = ["unshare", "-m", "sh", "-c", 'umount -l /sys/fs/cgroup; mount -t cgroup2 -o ro none /sys/fs/cgroup; exec "$@"', "sh"];

async function build(
  shop: Workshop,
  script: string,
  options: { readonly below?: readonly string[]; readonly runtime?: string; readonly flags?: readonly string[] } = {},
): Promise<string> {
  const { below = [], runtime = "auto", flags = [] } = options;
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, `${BUSYBOX}RUN ${script}\n`);
  const command = ["build", "--progress", "plain", "--no-cache", "--runtime", runtime, ...flags, "-f", file, shop.context];
  const { stderr } = await runProcess({ argv: [...below, DECANT, ...command], env: { ...process.env, DECANT_ROOT: shop.root } });
  return stderr.toString();
}

/** As debootstrap and builds of root file systems do it. */
const CHROOT = `mkdir -p /target/dev /target/bin && cp /bin/busybox /target/bin/ && ln -s busybox /target/bin/sh \
 && mknod /target/test-dev-null c 1 3 && echo test > /target/test-dev-null \
 && mknod /target/dev/null c 1 3 && mknod /target/dev/console c 5 1 && mknod /target/dev/tun c 10 200 && mknod /target/dev/loop0 b 7 0 \
 && busybox chroot /target /bin/sh -c 'echo x > /dev/null && echo it is null; (: < /dev/loop0) 2>/dev/null && echo open; :'`;

describe("device files in RUN", { concurrency: 2 }, () => {
  for (const runtime of ["crun", "runc"]) {
    for (const [cgroups, below] of [
      ["as they are here", []],
      ["version 2", UNIFIED],
    ] as const)
      it(`L10, R11: are made and opened as in BuildKit, with ${runtime} and cgroups ${cgroups}`, async () => {
        using shop = workshop();
        addBusybox(shop);
        const log = await build(shop, CHROOT, { below, runtime });
        assert.match(log, /it is null/);
        assert.doesNotMatch(log, / open$/m);
        const layers = await build(shop, `${CHROOT} && stat -c '%F %t:%T' /target/dev/*`, { below, runtime });
        assert.match(
          layers,
          /character special file 5:1\n.*block special file 7:0\n.*character special file 1:3\n.*character special file a:c8\n/,
        );
      });
  }

  it("L10: are the harmless ones where no cgroup keeps a step from the others, and the error says so", async () => {
    using shop = workshop();
    addBusybox(shop);
    const harmless = "mknod /null c 1 3 && echo x > /null && mknod /tty c 5 0 && echo made";
    assert.match(await build(shop, harmless, { below: WITHOUT, runtime: "crun" }), /\d made\n/);
    const log = await build(shop, "mknod /disk b 8 0", { below: WITHOUT, runtime: "crun" });
    assert.match(log, /mknod: \/disk: Operation not permitted/);
    assert.match(log, /Hint: Here no cgroup keeps steps from the devices of this machine/);
  });

  it("L10: of an image do not reach the host's devices where there is no cgroup", async () => {
    using shop = workshop();
    addBusybox(shop);
    const root = `${BUSYBOX}RUN mknod /loop b 7 0 && mknod /zero c 1 5\nRUN `;
    writeFileSync(join(shop.folder, "Dockerfile"), `${root}(: < /loop) 2>&1; (: < /zero) 2>&1; :\n`);
    const argv = [DECANT, "build", "--progress", "plain", "--runtime", "crun", "-f", join(shop.folder, "Dockerfile"), shop.context];
    const env = { ...process.env, DECANT_ROOT: shop.root };
    const guarded = await runProcess({ argv, env });
    assert.match(guarded.stderr.toString(), /can't open \/loop: Operation not permitted\n/);
    assert.doesNotMatch(guarded.stderr.toString(), /zero: /);
    const without = await runProcess({ argv: [...WITHOUT, ...argv, "--no-cache-filter", "base"], env });
    // The mknod itself is refused there, so the layers are taken from the first build.
    assert.match(without.stderr.toString(), /mknod: \/loop: Operation not permitted/);
    writeFileSync(join(shop.folder, "Dockerfile"), `${root}echo another; (: < /loop) 2>&1; (: < /zero) 2>&1; :\n`);
    const cached = await runProcess({ argv: [...WITHOUT, ...argv], env });
    assert.match(cached.stderr.toString(), /can't open \/loop: Permission denied\n.*can't open \/zero: Permission denied\n/);
  });
});

it("X11: a system call that the profile does not know is not there, one that it forbids is not permitted", async () => {
  for (const runtime of ["crun", "runc"]) {
    using shop = workshop();
    addBusybox(shop);
    addProgram(shop, "/usr/bin/perl");
    // mount, unshare, io_uring_setup, personality(ADDR_NO_RANDOMIZE), clone(NEWUSER); then calls of Linux 6.17 and later.
    const calls = ["165,0,0,0,0,0", "272,0", "425,0,0", "135,0x40000", "56,0x10000011,0,0,0,0", "467,-1,0,0", "469,-1,0,0,0", "480,0"];
    const script = calls.map((call) => `$! = 0; syscall(${call}); print $! + 0, " ";`).join(" ");
    const log = await build(shop, `perl -e '${script}' && echo`, { runtime });
    assert.match(log, /\d 1 1 1 1 1 38 38 38\n/, runtime);
  }
});

it("R13: a RUN reads from an empty pipe", async () => {
  using shop = workshop();
  addBusybox(shop);
  assert.match(await build(shop, "[ -p /dev/stdin ] && cat && echo empty"), /\d empty\n/);
});

it("X5: a RUN cannot capture what others send over this machine's network", async () => {
  using shop = workshop();
  addBusybox(shop);
  addProgram(shop, "/usr/bin/perl");
  // AF_PACKET, SOCK_RAW, ETH_P_ALL; and a raw socket of the internet, as ping has it.
  const script = `perl -e 'for ([17, 3, 0x300], [2, 3, 1]) { $! = 0; print socket(my $s, $_->[0], $_->[1], $_->[2]) ? "open " : $! + 0, " " }' && echo .`;
  for (const flag of ["", "--network=default ", "--network=host "])
    assert.match(await build(shop, `${flag}${script}`, { flags: ["--allow", "network.host"] }), /\d 1 1 \.\n/, flag);
  assert.match(await build(shop, `--network=none ${script}`), /\d open {2}open {2}\.\n/);
});
