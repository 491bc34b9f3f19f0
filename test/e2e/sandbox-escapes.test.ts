/** Attacks of RUN steps on the machine, other steps and the store, as root and without root. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findTool } from "../../src/sys/index.ts";
import { ATTACKER, attackPlace, type Place } from "../support/attacker.ts";

const [EPERM, ENOSYS] = ["1", "38"];
const NEW_USER = 0x1000_0000;
const AT = process.arch === "arm64" ? 1 : 0;

/** By family, numbers of x64 and arm64, and arguments that the kernel would take from a root that may do all. */
const REFUSED: readonly (readonly [name: string, numbers: readonly [number, number], ...words: readonly (string | number)[]])[] = [
  ["mount", [165, 40], "none", "/tmp", "tmpfs", 0, 0],
  ["umount2", [166, 39], "/proc", 2],
  ["pivot_root", [155, 41], "/tmp", "/tmp"],
  ["fsopen", [430, 430], "tmpfs", 0],
  ["open_tree", [428, 428], -100, "/", 1],
  ["move_mount", [429, 429], -100, "/tmp", -100, "/mnt", 0],
  ["mount_setattr", [442, 442], -100, "/", 0, 0, 0],
  ["unshare of a user namespace", [272, 97], NEW_USER],
  ["unshare of a mount namespace", [272, 97], 0x20000],
  ["unshare of a network namespace", [272, 97], 0x4000_0000],
  ["clone with a user namespace", [56, 220], NEW_USER + 17, 0, 0, 0, 0],
  ["setns", [308, 268], 0, 0],
  ["keyctl", [250, 219], 0, -3, 1],
  ["add_key", [248, 217], "user", "name", "value", 5, -3],
  ["request_key", [249, 218], "user", "name", 0, -3],
  ["bpf", [321, 280], 0, "", 0],
  ["io_uring_setup", [425, 425], 1, 0],
  ["io_uring_enter", [426, 426], 0, 0, 0, 0, 0],
  ["userfaultfd", [323, 282], 0],
  ["perf_event_open", [298, 241], 0, 0, -1, -1, 0],
  ["open_by_handle_at", [304, 265], -100, 0, 0],
  ["kexec_load", [246, 104], 0, 0, 0, 0],
  ["kexec_file_load", [320, 294], 0, 0, 0, 0, 0],
  ["init_module", [175, 105], "", 0, ""],
  ["finit_module", [313, 273], 0, "", 0],
  ["delete_module", [176, 106], "none", 0],
  ["reboot", [169, 142], 0, 0, 0, 0],
  ["swapon", [167, 224], "/tmp", 0],
  ["swapoff", [168, 225], "/tmp"],
  ["settimeofday", [164, 170], 0, 0],
  ["clock_settime", [227, 112], 0, 0],
  ["sethostname", [170, 161], "x", 1],
  ["setdomainname", [171, 162], "x", 1],
  ["acct", [163, 89], 0],
  ["quotactl", [179, 60], 0, 0, 0, 0],
  ["syslog", [103, 116], 3, 0, 0],
  ["pidfd_getfd", [438, 438], 0, 0, 0],
  ["process_madvise", [440, 440], 0, 0, 0, 0, 0],
  ["kcmp", [312, 272], 1, 1, 0, 0, 0],
  ["mbind", [237, 235], 0, 0, 0, 0, 0, 0],
  ["move_pages", [279, 239], 0, 0, 0, 0, 0, 0],
  ["fanotify_init", [300, 262], 0, 0],
  ["vhangup", [153, 58]],
  ["personality without address randomisation", [135, 92], 0x40000],
  ["socket of a virtual machine", [41, 198], 40, 1, 0],
];

/** Numbers of i386 for `int 0x80`: its argument lists need no pointers that such a program could not have. */
const REFUSED_32: readonly (readonly [name: string, number: number, ...words: readonly number[]])[] = [
  ["unshare of a mount namespace", 310, 0x20000],
  ["unshare of a user namespace", 310, NEW_USER],
  ["setns", 346, 0, 0],
  ["keyctl", 288, 0, -3, 1],
  ["add_key", 286, 0, 0, 0, 0],
  ["bpf", 357, 0, 0, 0],
  ["perf_event_open", 336, 0, 0, -1, -1],
  ["userfaultfd", 374, 0],
  ["io_uring_setup", 425, 1, 0],
  ["kexec_load", 283, 0, 0, 0, 0],
  ["init_module", 128, 0, 0, 0],
  ["reboot", 88, 0, 0, 0, 0],
  ["open_by_handle_at", 342, -100, 0, 0],
];
/** Numbers of x32, whose own ones begin at 512. */
const REFUSED_X32: readonly (readonly [name: string, number: number, ...words: readonly (string | number)[]])[] = [
  ["mount", 165, "none", "/tmp", "tmpfs", 0, 0],
  ["unshare", 272, 0x20000],
  ["keyctl", 250, 0, -3, 1],
  ["bpf", 321, 0, "", 0],
  ["perf_event_open", 298, 0, 0, -1, -1, 0],
  ["userfaultfd", 323, 0],
  ["io_uring_setup", 425, 1, 0],
  ["kexec_load", 528, 0, 0, 0, 0],
];
const X32 = 0x4000_0000;
/** By the gate: the exit code is the number of the error, or that of the signal where a kernel has no gate. */
const NO_GATE = 139;

const MASKED = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts", "/proc/sched_debug", "/proc/latency_stats"];
const MASKED_FOLDERS = ["/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware", "/sys/devices/virtual/powercap"];
const READ_ONLY = [
  "/proc/sysrq-trigger",
  "/proc/sys/vm/drop_caches",
  "/proc/sys/fs/binfmt_misc/register",
  "/proc/irq/default_smp_affinity",
].concat(
  ["core_pattern", "modprobe", "hotplug", "poweroff_cmd", "randomize_va_space", "ns_last_pid"].map((name) => `/proc/sys/kernel/${name}`),
);
const SYSTEM_FILES = [
  "/sys/kernel/uevent_helper",
  "/sys/kernel/profiling",
  "/sys/kernel/kexec_crash_size",
  "/sys/class/net/lo/mtu",
  "/sys/power/state",
  "/sys/kernel/mm/transparent_hugepage/enabled",
];

interface Attack {
  readonly name: string;
  readonly script: string;
  readonly want: RegExp;
}

const REFUSAL = /Operation not permitted|Permission denied|Read-only file system/;
const NOT_THERE = /nonexistent|No such (?:file|device)/;

const ATTACKS: readonly Attack[] = [
  ...REFUSED.map(([name, numbers, ...words]): Attack => ({
    name: `the system call ${name}`,
    script: `call ${numbers[AT]} ${words.map((word) => `'${word}'`).join(" ")}`,
    want: new RegExp(`^${EPERM}$`),
  })),
  { name: "clone3, whose flags no filter can read", script: "call 435 '' 88", want: new RegExp(`^${ENOSYS}$`) },
  { name: "a call that nobody knows yet", script: "call 999", want: new RegExp(`^${ENOSYS}$`) },
  // The other numbers of the same processor.
  ...(AT === 0
    ? [
        ...REFUSED_X32.map(([name, number, ...words]): Attack => ({
          name: `${name} by its x32 number`,
          script: `call ${X32 + number} ${words.map((word) => `'${word}'`).join(" ")}`,
          want: new RegExp(`^(?:${EPERM}|${ENOSYS})$`),
        })),
        { name: "the gate of 32-bit programs is tried at all", script: "call32 6 -1; echo $?", want: new RegExp(`^(?:9|.*${NO_GATE})$`) },
        ...REFUSED_32.map(([name, number, ...words]): Attack => ({
          name: `${name} by int 0x80`,
          script: `call32 ${number} ${words.join(" ")}; echo $?`,
          want: new RegExp(`^(?:${EPERM}|.*${NO_GATE})$`),
        })),
      ]
    : []),
  ...MASKED.map((path): Attack => ({ name: `reading ${path}`, script: `[ ! -e ${path} ] || head -c 1 ${path} | wc -c`, want: /^0?$/ })),
  ...MASKED_FOLDERS.map((path): Attack => ({ name: `listing ${path}`, script: `[ ! -e ${path} ] || ls -A ${path} | wc -l`, want: /^0?$/ })),
  ...[...READ_ONLY, ...SYSTEM_FILES].map((path): Attack => ({
    name: `writing ${path}`,
    script: `[ -e ${path} ] || { echo nonexistent; exit; }; echo x >${path} && echo written`,
    want: new RegExp(`${REFUSAL.source}|${NOT_THERE.source}`),
  })),
  {
    name: "making a cgroup with a release agent",
    script: "mkdir /sys/fs/cgroup/escape && echo made",
    want: /Read-only file system|Permission denied|No such file|Operation not/,
  },
  {
    name: "writing the release agent of a cgroup",
    script: "for f in /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent; do echo /x >$f && echo written; done",
    want: new RegExp(`^(?!.*written).*(?:${REFUSAL.source}|${NOT_THERE.source})`),
  },
  {
    name: "mounting cgroups (CVE-2022-0492)",
    script: "mkdir -p /c; mount -t cgroup -o rdma none /c && echo done",
    want: /denied|not permitted/,
  },
  {
    name: "cgroups in a namespace of its own",
    script: "unshare -C true && echo done",
    want: /denied|not permitted|unrecognized|invalid option/,
  },
  { name: "the program of the first process", script: "echo x >/proc/1/exe && echo written", want: /Text file busy|denied|not permitted/ },
  {
    name: "folders of the machine by descriptors",
    script: "for fd in /proc/[0-9]*/fd/*; do ls -d $fd/. 2>/dev/null; done; readlink /proc/self/cwd",
    want: /^\/$/,
  },
  { name: "remounting /sys", script: "mount -o remount,rw /sys && echo done", want: /denied|not permitted/ },
  { name: "seeing where its cgroup is on the machine", script: "cut -d: -f3 /proc/self/cgroup | sort -u", want: /^\/$/ },
  {
    name: "processes of the machine in /proc",
    script: "for pid in /proc/[0-9]*; do cat $pid/comm; done 2>/dev/null | grep -vxE 'sh|cat|grep|tr|busybox' | tr '\\n' ' '",
    want: /^$/,
  },
  {
    name: "the first process of the machine",
    script: "readlink /proc/1/exe; ls /proc/1/root/ | grep -c attacks",
    want: /^\/bin\/busybox 1$/,
  },
  { name: "a signal to everybody", script: "kill -0 $(cat /proc/sys/kernel/pid_max) && echo sent", want: /No such process|can't kill/ },
  { name: "descriptors that the runtime has left open", script: "ls /proc/self/fd | tr '\\n' ' '", want: /^0 1 2 3$/ },
  {
    name: "device files of the machine's disks",
    script:
      "while read -r major minor _ name; do case $major in [0-9]*) mknod /d b $major $minor && head -c 1 /d | wc -c; rm -f /d;; esac; done </proc/partitions; echo end",
    want: /^(?:(?:(?:mknod|head): \S+: (?:Operation not permitted|Permission denied) ?|0 )*)end$/,
  },
  { name: "a device file of the memory", script: "mknod /m c 1 1 && head -c 1 /m | wc -c", want: /not permitted|denied/ },
  { name: "a device file of the kernel's log", script: "mknod /k c 1 11 && head -c 1 /k | wc -c", want: /not permitted|denied/ },
  {
    name: "device files of /dev that are not Docker's",
    script: "ls /dev",
    want: /^(?:console )?core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero$/,
  },
  { name: "a file handle by its number", script: `call ${[304, 265][AT]} -100 ${"x".repeat(16)} 0`, want: new RegExp(`^${EPERM}$`) },
  {
    name: "privileges to gain that are inherited",
    script: "grep -E 'CapInh|CapAmb' /proc/self/status | cut -f2 | sort -u",
    want: /^0000000000000000$/,
  },
  {
    name: "more capabilities than Docker's",
    script: "grep -E 'CapPrm|CapEff|CapBnd' /proc/self/status | cut -f2 | sort -u",
    want: /^00000000a804[02]5fb$/,
  },
  { name: "a filter that is not there", script: "grep -E '^Seccomp:' /proc/self/status | cut -f2", want: /^2$/ },
  {
    name: "packets of others on the network of the machine",
    script: `[ $(grep CapEff /proc/self/status | cut -f2) = 00000000a80425fb ] && echo own || connect packet:`,
    want: /^own$|not permitted/,
  },
  { name: "the loopback device", script: "ip link set lo down && echo down", want: /not permitted/ },
  {
    name: "the memory of the first process",
    script: '/usr/bin/perl -e \'open(F, "+<", "/proc/1/mem") ? print "own" : print $!\'',
    want: /^own$/,
  },
  {
    name: "the score of the machine's memory killer",
    script: "echo -1000 >/proc/self/oom_score_adj && echo done",
    want: /denied|not permitted/,
  },
];

for (const name of ["root", "without root"] as const) {
  describe(`H2: attacks of a step, ${name}`, { timeout: 600_000 }, () => {
    let place: Place;
    let said: readonly string[] = [];
    before(() => {
      place = attackPlace(name);
      said = place.attack(ATTACKS.map(({ script }) => script));
    });
    after(() => place[Symbol.dispose]());

    for (const [at, { name: attack, want }] of ATTACKS.entries())
      it(`H2: ${name}: ${attack}`, () => {
        assert.match(said[at] ?? "", want);
      });

    it(`H2: ${name}: neither loopback nor abstract sockets of the machine, with a network and without`, async () => {
      const abstract = `decant-attack-${process.pid}`;
      const servers = [await listening({ port: 0, host: "127.0.0.1" }), await listening({ path: `\0${abstract}` })];
      try {
        const [first] = servers.map((server) => server.address());
        const port = typeof first === "object" && first !== null ? first.port : 0;
        const scripts = [`connect tcp:${port}`, `connect abstract:${abstract}`, "ip -o link | cut -d: -f2"];
        assert.deepEqual(place.attack(scripts, "--network=none"), ["Connection refused", "Connection refused", "lo"]);
        // What they would say if they were reached.
        // Without root, only where this user may open /dev/net/tun: see test/rootless/network.test.ts.
        if (name === "root") assert.deepEqual(place.attack(scripts.slice(0, 2)), ["Connection refused", "Connection refused"]);
        assert.deepEqual(place.attack(scripts, "", "--network=host").slice(0, 2), ["ok", "ok"]);
      } finally {
        for (const server of servers) server.close();
      }
    });

    it(`H2: ${name}: nothing of another step that runs at the same time`, () => {
      const secret = join(place.folder, "../secret");
      writeFileSync(secret, "hidden-value");
      const spy =
        "for i in $(seq 30); do cat /proc/*/environ /proc/*/cmdline /run/secrets/* 2>/dev/null | grep -ac hidden[-]value; sleep 0.1; done | sort -u";
      const { code, said: log } = place.build(
        `${ATTACKER}FROM attacker AS victim
RUN --mount=type=secret,id=s --mount=type=secret,id=s,env=S sh -c 'sleep 3; echo "victim of ${"$"}{#S} ended" >/done; cat /done' hidden-$(echo value)
FROM attacker AS spy
RUN ${spy.replaceAll("$", "\\$").replaceAll("\\$(", "$(")}; (kill -9 -1); echo spied
FROM attacker
COPY --from=victim /done /
COPY --from=spy /bin/busybox /
`,
        "--no-cache",
        `--secret=id=s,src=${secret}`,
      );
      assert.equal(code, 0, log);
      assert.match(log, /^#\d+ [\d.]+ 0$/m);
      assert.match(log, / spied$/m);
      assert.doesNotMatch(log, /^#\d+ [\d.]+ [1-9]\d*$/m);
      assert.match(log, / victim of 12 ended$/m);
    });

    for (const [what, flags] of [
      ["a bind mount on /", "--mount=type=bind,target=/"],
      ["a tmpfs on /", "--mount=type=tmpfs,target=/"],
      ["a cache on /", "--mount=type=cache,target=/"],
      ["a cache on / by another name", "--mount=type=cache,target=/bin/.."],
      ["a bind mount in /proc", "--mount=type=bind,target=/proc/self"],
      ["a bind mount on /dev", "--mount=type=bind,target=/dev"],
      ["a source above the cache", "--mount=type=cache,id=up,source=../../..,target=/m ls /m/content &&"],
      ["a source above the context", "--mount=type=bind,source=../secret,target=/m cat /m &&"],
    ] as const)
      it(`H2: ${name}: is refused ${what}`, () => {
        const { code, said: log } = place.build(`${ATTACKER}RUN ${flags} echo got it\n`);
        assert.equal(code, 1, log);
        assert.doesNotMatch(log, /^#\d+ [\d.]+ got it$|bug in Decant/m);
      });

    it(`H2: ${name}: mount targets behind symlinks stay in the root`, () => {
      const { code, said: log } = place.build(
        `${ATTACKER}RUN ln -s ../../../../../.. /up && ln -s /up/etc/decant-escape /very-deep
RUN --mount=type=bind,target=/up/etc/decant-escape,rw --mount=type=tmpfs,target=/very-deep/x echo x >/very-deep/x/f && echo x >/etc/decant-escape/f && echo both
RUN ls -A /etc && ls -A /up | grep attacks | wc -l
`,
        "--no-cache",
      );
      assert.equal(code, 0, log);
      assert.equal(existsSync("/etc/decant-escape"), false);
      assert.match(log, / both$/m);
    });

    it(`H2: ${name}: writes by bind mounts reach neither the context nor a stage`, () => {
      writeFileSync(join(place.folder, "kept"), "kept\n");
      const { code, said: log } = place.build(
        `${ATTACKER}FROM attacker AS base
RUN mkdir /data && echo data >/data/f
FROM attacker
RUN --mount=type=bind,target=/m (echo x >/m/kept; echo x >/m/new; chmod 777 /m/kept; rm /m/kept; mv /m/kept /m/moved; ln /m/kept /stolen) 2>&1 | grep -c -e 'Read-only' -e 'Invalid cross-device' -e 'read-only'
RUN --mount=type=bind,target=/m,rw echo x >/m/kept && echo x >/m/new && rm -r /m/root
RUN --mount=type=bind,from=base,source=/data,target=/m,rw rm /m/f && echo x >/m/g
RUN --mount=type=bind,from=base,source=/data,target=/m ls /m && cat /m/f
`,
        "--no-cache",
      );
      assert.equal(code, 0, log);
      assert.match(log, /^#\d+ [\d.]+ 6$/m);
      assert.match(log, /^#\d+ [\d.]+ f\n#\d+ [\d.]+ data$/m);
      assert.equal(readFileSync(join(place.folder, "kept"), "utf8"), "kept\n");
      assert.ok(!existsSync(join(place.folder, "new")) && existsSync(join(place.folder, "root/bin/busybox")));
    });

    it(`H2: ${name}: sources of caches stay in the cache, whatever links are in it`, () => {
      const { code, said: log } = place.build(
        `${ATTACKER}RUN --mount=type=cache,id=links,target=/c ln -sfn / /c/out; ln -sfn ../../../../../.. /c/up; ln -sfn /proc/1/root /c/proc; mkdir -p /c/in
RUN --mount=type=cache,id=links,source=out,target=/m echo out: $(ls /m)
RUN --mount=type=cache,id=links,source=up,target=/m echo up: $(ls /m)
`,
        "--no-cache",
      );
      assert.equal(code, 0, log);
      assert.match(log, / out: in out proc up$/m);
      assert.match(log, / up: in out proc up$/m);
      const last = place.build(`${ATTACKER}RUN --mount=type=cache,id=links,source=proc,target=/m echo got it\n`);
      assert.equal(last.code, 1, last.said);
    });

    it(`H2: ${name}: mounts stay in the root while another step swaps a folder on their way for a link`, () => {
      const outside = join(place.folder, "../outside");
      mkdirSync(outside);
      chmodSync(outside, 0o777);
      writeFileSync(join(outside, "marker"), "of-the-machine\n");
      // renameat2(RENAME_EXCHANGE): there is a folder or a link at any time.
      const swap = `my ($d, $l) = ("/c/d", "/c/l"); do { syscall(${[316, 276][AT]}, -100, $d, -100, $l, 2) == 0 or die $! } until -e "/c/stop";`;
      writeFileSync(join(place.folder, "swap"), swap);
      const cache = "--mount=type=cache,id=race";
      const ways = [
        `${cache},target=/c --mount=type=tmpfs,target=/c/d/NAME`,
        `${cache},target=/c --mount=type=bind,target=/c/d/NAME`,
        `${cache},target=/c --mount=type=cache,id=inner,target=/c/d/NAME/deep`,
        `${cache},target=/c --mount=type=bind,from=attacker,source=/bin/busybox,target=/c/d/NAME`,
        `${cache},source=d,target=/m`,
      ];
      // On both ways, so that a mount finds its point wherever it goes.
      const points = (folder: string): string => `mkdir -p ${folder}/n0 ${folder}/n1 ${folder}/n2/deep && touch ${folder}/n3`;
      const victims = Array.from({ length: 4 }, () =>
        ways.map((way, at) => {
          const name = `n${at}`;
          return `RUN ${way.replace("NAME", name)} (cat /m/marker /c/d/marker; echo x >/c/d/${name}/f) 2>/dev/null; echo victim ended\n`;
        }),
      ).flat();
      const text = `${ATTACKER}FROM attacker AS swap
COPY swap /swap
RUN ${cache},target=/c rm -rf /c/* && mkdir -p /c${outside} && ${points("/c/d")} && ln -s ${outside} /c/l && touch /c/go && /usr/bin/perl /swap
FROM attacker AS victims
RUN ${cache},target=/c ${points(outside)}; until [ -e /c/go ]; do sleep 0.05; done
${victims.join("")}RUN ${cache},target=/c touch /c/stop
FROM attacker
COPY --from=swap /bin/busybox /swap
COPY --from=victims /bin/busybox /victims
`;
      let ended = 0;
      for (let round = 0; round < 4; round += 1) {
        const { code, said: log } = place.build(text, "--no-cache=mounts");
        assert.doesNotMatch(log, /^#\d+ [\d.]+ of-the-machine|bug in Decant/m);
        assert.deepEqual(readdirSync(outside), ["marker"], log);
        // A runtime may refuse a mount whose point was swapped away between two of its calls.
        if (code !== 0) assert.match(log, /ERROR: Cannot run the step: (crun|runc) failed: /);
        ended += log.match(/^#\d+ [\d.]+ victim ended$/gm)?.length ?? 0;
      }
      assert.ok(ended > 0);
    });

    it(`H2: ${name}: working directories by descriptors of the runtime show no folder of the machine`, () => {
      const marker = join(place.folder, "../marker");
      writeFileSync(marker, "of-the-machine");
      for (const number of [3, 5, 6, 7, 8, 9, 10, 11, 12, 20]) {
        const { said: log } = place.build(
          `${ATTACKER}RUN ln -s /proc/self/fd/${number} /w\nWORKDIR /w\nRUN cat ../../../../../../../../..${marker}; cat .${marker}; true\n`,
        );
        assert.doesNotMatch(log, /^#\d+ [\d.]+ of-the-machine/m);
        assert.doesNotMatch(log, /bug in Decant/);
      }
    });

    it(`H2: ${name}: programs by descriptors of the runtime, and by its own file, are none of the machine`, () => {
      const marker = join(place.folder, "../program");
      writeFileSync(marker, "#!/bin/sh\necho of-the-machine\n", { mode: 0o755 });
      const runtimes = ["crun", "runc"].flatMap((program) => findTool(program) ?? []);
      const digests = (): string[] => runtimes.map((path) => hash("sha256", readFileSync(path)));
      const before = digests();
      const programs = [3, 5, 7, 9].map((number) => `/proc/self/fd/${number}/../../../../../../..${marker}`);
      for (const program of [...programs, "/proc/self/exe", "/link", "/script"]) {
        const dockerfile = `${ATTACKER}RUN ln -s /proc/self/exe /link && printf '#!/proc/self/exe\\n' >/script && chmod 755 /script\nRUN ["${program}"]\n`;
        const { said: log } = place.build(dockerfile);
        assert.doesNotMatch(log, /^#\d+ [\d.]+ of-the-machine|bug in Decant/m, program);
      }
      // CVE-2019-5736 wrote to the runtime's file, which such programs lead to.
      assert.deepEqual(digests(), before);
    });

    it(`H2: ${name}: files of the runtime's own mounts cannot be turned to files of the machine`, () => {
      const marker = join(place.folder, "../marker");
      writeFileSync(marker, "as it was");
      mkdirSync(join(place.folder, "links/etc"), { recursive: true });
      symlinkSync(`../../../../../..${marker}`, join(place.folder, "links/etc/hosts"));
      symlinkSync(marker, join(place.folder, "links/etc/resolv.conf"));
      const { code, said: log } = place.build(
        `${ATTACKER}COPY links /\nRUN (echo x >/etc/hosts; echo x >/etc/resolv.conf; echo x >${marker}) 2>&1 | grep -c Read-only\n`,
      );
      assert.equal(code, 0, log);
      assert.doesNotMatch(log, /bug in Decant/);
      assert.equal(readFileSync(marker, "utf8"), "as it was");
    });
  });
}

async function listening(where: { readonly port: number; readonly host: string } | { readonly path: string }): Promise<Server> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => server.listen(where, done));
  return server;
}
