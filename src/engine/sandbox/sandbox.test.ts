/** Real steps in real runtimes; every case runs over crun and over runc, where they are. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { mountLines } from "../../../test/support/mounts.ts";
import { addAccounts, cannotRunSteps, openSandboxPlace } from "../../../test/support/sandbox.ts";
import { isDecantError } from "../../errors.ts";
import { makeNode } from "../../sys/index.ts";
import { hostTree } from "../../tree/index.ts";

/** "bin/tool" for everything below a directory. */
function listed(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
}

for (const runtime of ["crun", "runc"] as const) {
  const place = (): ReturnType<typeof openSandboxPlace> => openSandboxPlace(runtime);

  describe(`createSandbox() with ${runtime}`, { skip: cannotRunSteps(runtime), concurrency: 2 }, () => {
    it("gives the program's exit code", async () => {
      await using at = await place();
      assert.equal((await at.run("true")).exitCode, 0);
      assert.equal((await at.run("exit 7")).exitCode, 7);
      assert.equal((await at.run("exit 127")).exitCode, 127);
      assert.deepEqual(await at.run("exit 143").then(({ exitCode, signalName, oomKilled }) => ({ exitCode, signalName, oomKilled })), {
        exitCode: 143,
        signalName: "SIGTERM",
        oomKilled: false,
      });
    });

    it("gives all of the output, in order", async () => {
      await using at = await place();
      const { stdout, stderr } = await at.run(
        "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo wrong >/dev/stderr; echo last >/dev/stdout",
      );
      const lines = stdout.trimEnd().split("\n");
      assert.equal(lines.length, 20_001);
      assert.ok(lines.every((line, at) => line === (at === 20_000 ? "last" : `line ${at}`)));
      assert.equal(stderr, "wrong\n");
    });

    it("has the step's user, groups, home, environment, directory and host name", async () => {
      await using at = await place();
      addAccounts(at.base);
      const script = 'id; pwd; echo "$HOME $FOO"; cat /proc/sys/kernel/hostname; cat /etc/hosts; umask';
      const changes = { user: "app", cwd: "/srv/work", env: ["PATH=/bin", "FOO=bar baz"], extraHosts: [{ host: "db", ip: "10.0.0.1" }] };
      const upper = at.upper();
      const { stdout } = await at.run(`${script}; touch here`, { ...changes, upper });
      assert.deepEqual(stdout.trimEnd().split("\n"), [
        "uid=1000(app) gid=1001(app) groups=10(wheel),29(audio),1001(app)",
        "/srv/work",
        "/home/app bar baz",
        "buildkitsandbox",
        "127.0.0.1\tlocalhost buildkitsandbox",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "10.0.0.1\tdb",
        "0022",
      ]);
      const made = statSync(join(upper, "srv/work"));
      assert.deepEqual([made.mode & 0o7777, made.uid, made.gid], [0o755, 1000, 1001]);
      assert.deepEqual(listed(upper), ["srv", "srv/work", "srv/work/here"]);
    });

    it("has only the loopback device without network, and the host's with it", async () => {
      await using at = await place();
      assert.equal((await at.run("ls /sys/class/net")).stdout, "lo\n");
      const host = (await at.run("ls /sys/class/net", { network: "host" })).stdout.trim().split("\n");
      assert.deepEqual(host.toSorted(), readdirSync("/sys/class/net").toSorted());
    });

    it("keeps a step from mounts, namespaces, kernel settings and the host's processes", async () => {
      await using at = await place();
      const { stdout } = await at.run(`
        mount -t tmpfs none /bin 2>/dev/null || echo no mount
        unshare -m true 2>/dev/null || echo no unshare
        unshare -U true 2>/dev/null || echo no user namespace
        (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || echo no sysctl
        [ "$(cat /proc/keys | wc -c)" = 0 ] && echo masked
        [ -z "$(ls /proc/scsi /sys/firmware 2>/dev/null | grep -v :)" ] && echo empty
        touch /sys/x 2>/dev/null || echo sys is read-only
        (echo x > /etc/hosts) 2>/dev/null || echo hosts is read-only
        [ $(ls /proc | grep -c '^[0-9]*$') -lt 6 ] && echo few processes, $$ is first
        grep -E '^(Cap(Bnd|Eff)|Seccomp|NoNewPrivs):' /proc/self/status`);
      const lines = stdout.trimEnd().split("\n");
      assert.deepEqual(lines.slice(0, 9), [
        "no mount",
        "no unshare",
        "no user namespace",
        "no sysctl",
        "masked",
        "empty",
        "sys is read-only",
        "hosts is read-only",
        "few processes, 1 is first",
      ]);
      assert.deepEqual(
        lines.slice(9).map((line) => line.replace(/\s+/, " ")),
        ["CapEff: 00000000a80425fb", "CapBnd: 00000000a80425fb", "NoNewPrivs: 0", "Seccomp: 2"],
      );
    });

    it("L10, R11: lets a step make any device, and a cgroup keeps it from those of the host, wherever it makes or finds them", async () => {
      await using at = await place();
      makeNode(join(at.base, "zero"), { kind: "char", major: 1, minor: 5, mode: 0o666 });
      makeNode(join(at.base, "loop"), { kind: "block", major: 7, minor: 0, mode: 0o666 });
      const source = join(at.folder, "bound");
      mkdirSync(source);
      makeNode(join(source, "loop"), { kind: "block", major: 7, minor: 0, mode: 0o666 });
      const mounts = [
        { kind: "tmpfs", target: "/tmp", readOnly: false },
        { kind: "bind", target: "/bound", source, readOnly: false },
      ] as const;
      const { stdout } = await at.run(
        `for dir in / /dev /tmp /bound; do
          mknod $dir/disk b 8 0 && mknod $dir/kvm c 10 232 && mknod $dir/console c 5 1 && mknod $dir/nil c 1 3 && mknod $dir/pipe p && echo made
          for device in disk kvm console loop; do (: < $dir/$device) 2>/dev/null && echo $dir/$device is open; done
          echo x > $dir/nil && echo null
        done
        head -c 1 /zero | wc -c`,
        { mounts, foreignDevices: true },
      );
      assert.equal(stdout, `${"made\nnull\n".repeat(4)}1\n`);
      const locked = await at.run("(: < /loop) 2>/dev/null || echo closed; touch /x 2>/dev/null || echo read-only", { readOnlyRoot: true });
      assert.equal(locked.stdout, "closed\nread-only\n");
    });

    it("L10: gives an insecure step all devices of the host", async () => {
      await using at = await place();
      makeNode(join(at.base, "loop"), { kind: "block", major: 7, minor: 0, mode: 0o666 });
      assert.equal((await at.run("mknod /own b 7 1 && : < /own && : < /loop && echo open", { insecure: true })).stdout, "open\n");
      // What the one was allowed is nothing of the next.
      assert.equal((await at.run("(: < /loop) 2>/dev/null || echo closed")).stdout, "closed\n");
    });

    it("L10: without a cgroup, makes and opens harmless devices only, and none in a root that holds others", async () => {
      await using at = await openSandboxPlace(runtime, { deviceCgroup: "none" });
      makeNode(join(at.base, "found"), { kind: "block", major: 7, minor: 0, mode: 0o666 });
      const script = `for dir in / /tmp; do
          for device in "b 8 0" "c 1 1" "c 5 1" "c 10 200"; do mknod $dir/no $device 2>/dev/null && echo made $device; done
          mknod $dir/null c 1 3 && mknod $dir/pipe p && (echo x > $dir/null) 2>/dev/null && echo $dir/null is open
        done
        (: < /found) 2>/dev/null || echo closed`;
      const mounts = [{ kind: "tmpfs", target: "/tmp", readOnly: false }] as const;
      assert.equal((await at.run(script, { mounts })).stdout, "/tmp/null is open\nclosed\n");
      rmSync(join(at.base, "found"));
      assert.equal((await at.run(script, { mounts, foreignDevices: false })).stdout, "//null is open\n/tmp/null is open\nclosed\n");
    });

    it("R13: reads an empty pipe", async () => {
      await using at = await place();
      assert.equal((await at.run("[ -p /dev/stdin ] && cat && echo empty")).stdout, "empty\n");
    });

    it("X5: cannot listen to the host's network", async () => {
      await using at = await place();
      const script = "grep CapBnd /proc/self/status";
      assert.match((await at.run(script, { network: "host" })).stdout, /00000000a80405fb/);
      assert.match((await at.run(script)).stdout, /00000000a80425fb/);
    });

    it("keeps an insecure step from a root that is read-only", async () => {
      await using at = await place();
      assert.equal((await at.run("touch /x 2>/dev/null || echo read-only", { insecure: true, readOnlyRoot: true })).stdout, "read-only\n");
    });

    it("gives an insecure step its mounts", async () => {
      await using at = await place();
      const { exitCode, stderr } = await at.run("mkdir /m && mount -t tmpfs none /m && echo 1 > /proc/sys/vm/drop_caches", {
        insecure: true,
      });
      assert.deepEqual([exitCode, stderr], [0, ""]);
    });

    it("leaves nothing of its mount points in the upper directory", async () => {
      await using at = await place();
      const bare = at.upper();
      await at.run("true", { upper: bare });
      assert.deepEqual(listed(bare), []);

      mkdirSync(join(at.base, "etc"), { mode: 0o750 });
      mkdirSync(join(at.base, "run"));
      symlinkSync("../run/resolve/stub.conf", join(at.base, "etc/resolv.conf"));
      utimesSync(join(at.base, "etc"), 1_000_000, 1_000_000);
      const source = join(at.folder, "source");
      writeFileSync(source, "content");
      const mounts = [
        { kind: "bind", source, target: "/etc/deep/er/file", readOnly: true },
        { kind: "tmpfs", target: "/cache/tmp", readOnly: false, sizeBytes: 1_048_576 },
      ] as const;
      const upper = at.upper();
      const { stdout } = await at.run(
        "cat /etc/deep/er/file; stat -c ' %a %Y' /etc; [ -s /run/resolve/stub.conf ] && echo resolves; touch /cache/tmp/x",
        {
          upper,
          mounts,
          caCertificates: source,
        },
      );
      assert.equal(stdout, "content 750 1000000\nresolves\n");
      assert.deepEqual(listed(upper), []);
    });

    it("keeps what a step writes beside its mount points, with the image's metadata around it", async () => {
      await using at = await place();
      mkdirSync(join(at.base, "etc"), { mode: 0o750 });
      const upper = at.upper();
      await at.run("echo x > /etc/own; mkdir -p /run/new", { upper });
      assert.deepEqual(listed(upper), ["etc", "etc/own", "run", "run/new"]);
      assert.equal(statSync(join(upper, "etc")).mode & 0o7777, 0o750);
    });

    it("R8: repeats owner and mode of the image's root directory", async () => {
      await using at = await place();
      chmodSync(at.base, 0o751);
      chownSync(at.base, 5, 6);
      const upper = at.upper();
      const { stdout } = await at.run("stat -c '%a %u:%g' /", { upper });
      assert.equal(stdout, "751 5:6\n");
      const { mode, uid, gid } = statSync(upper);
      assert.deepEqual([mode & 0o7777, uid, gid], [0o751, 5, 6]);
    });

    it("mounts a certificate bundle and names it, unless the step names one", async () => {
      await using at = await place();
      const bundle = join(at.folder, "ca.pem");
      writeFileSync(bundle, "CERTIFICATES");
      const upper = at.upper();
      const { stdout } = await at.run("cat $SSL_CERT_FILE; echo; echo $CURL_CA_BUNDLE", {
        upper,
        caCertificates: bundle,
        env: ["PATH=/bin", "CURL_CA_BUNDLE=/own"],
      });
      assert.equal(stdout, "CERTIFICATES\n/own\n");
      assert.deepEqual(listed(upper), []);
    });

    it("follows the mounts' order, sizes and access", async () => {
      await using at = await place();
      const source = join(at.folder, "source");
      mkdirSync(join(source, "inner"), { recursive: true });
      const outer = { kind: "bind", source, target: "/src", readOnly: true } as const;
      const inner = { kind: "tmpfs", target: "/src/inner", readOnly: false, sizeBytes: 65_536 } as const;
      const { stdout } = await at.run(
        "touch /src/a 2>/dev/null || echo read-only; dd if=/dev/zero of=/src/inner/f bs=1k count=100 2>/dev/null || echo full",
        { mounts: [inner, outer] },
      );
      assert.equal(stdout, "read-only\nfull\n");
      assert.deepEqual(listed(source), ["inner"]);
      await assert.rejects(at.run("true", { mounts: [outer, { ...inner, target: "/src/missing" }] }), {
        code: "RUNTIME",
        message: 'Cannot mount on "/src/missing": "/src" is mounted read-only and has no "missing" to mount on',
      });
      assert.deepEqual(listed(source), ["inner"]);
    });

    it("runs over many layers, the topmost winning, and over none", async () => {
      await using at = await place();
      const layers = Array.from({ length: 150 }, (_, number) => {
        const layer = join(at.folder, `layer, with: an awkward \\name ${number}`);
        mkdirSync(layer);
        writeFileSync(join(layer, `file-${number}`), "");
        writeFileSync(join(layer, "shared"), `${number}`);
        return layer;
      });
      const { stdout } = await at.run("ls / | grep -c file-; cat /shared", { lowers: [at.base, ...layers], root: hostTree(at.base) });
      assert.equal(stdout, "150\n149");
      const bin = { kind: "bind", source: join(at.base, "bin"), target: "/bin", readOnly: true } as const;
      assert.equal((await at.run("echo scratch", { lowers: [], mounts: [bin] })).stdout, "scratch\n");
    });

    it("tells a program that cannot be started from one that fails", async () => {
      await using at = await place();
      writeFileSync(join(at.base, "bin/bad"), "\u0001\u0002", { mode: 0o755 });
      writeFileSync(join(at.base, "bin/plain"), "", { mode: 0o644 });
      writeFileSync(join(at.base, "bin/lost"), "#!/opt/interpreter\n", { mode: 0o755 });
      const rows = [
        ["/opt/sh", 'Cannot start "/opt/sh": not found in the image'],
        ["tool", 'Cannot start "tool": not found in the image'],
        ["bad", 'Cannot start "bad": it is not a program for this machine\'s processor, or a script without #! line'],
        ["/bin/plain", 'Cannot start "/bin/plain": it is not an executable file'],
        ["/bin/lost", 'Cannot start "/bin/lost": the interpreter or dynamic loader that it names is not in the image'],
      ] as const;
      for (const [program, message] of rows) await assert.rejects(at.run("", { args: [program] }), { code: "RUNTIME", message });
      const shell = await at.run("", { args: ["/opt/sh"] }).catch((error: unknown) => error);
      assert.match(isDecantError(shell) ? (shell.hint ?? "") : "", /Distroless images have no shell/);
      assert.equal((await at.run("exit 1")).exitCode, 1);
    });

    it("rejects an unknown user", async () => {
      await using at = await place();
      await assert.rejects(at.run("true", { user: "nobody-here" }), { code: "RUN_USER" });
    });

    it("ends an aborted step, whether it listens to signals or not, and rejects with the reason", { timeout: 600_000 }, async () => {
      await using at = await place();
      for (const script of ["echo up; sleep 100", "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done"]) {
        const controller = new AbortController();
        const reason = new Error("enough");
        const onOutput = (): void => controller.abort(reason);
        await assert.rejects(at.sandbox.run(at.step(script, { signal: controller.signal, onOutput })), reason);
      }
      const early = AbortSignal.abort(new Error("before"));
      await assert.rejects(at.run("true", { signal: early }), { message: "before" });
      assert.equal((await at.run("exit 5")).exitCode, 5);
    });

    it("sends signals to a running step", { timeout: 600_000 }, async () => {
      await using at = await place();
      assert.equal(at.sandbox.kill("step", "SIGINT"), false);
      const onOutput = (): void => void at.sandbox.kill("step", "SIGINT");
      const step = at.step("trap 'exit 9' INT; echo up; while :; do sleep 0.05; done", { onOutput });
      assert.equal((await at.sandbox.run(step)).exitCode, 9);
    });

    it("U4: stops a step by a signal where its program has a mind of it, and by SIGKILL otherwise", { timeout: 600_000 }, async () => {
      await using at = await place();
      const forever = "echo up; while :; do sleep 0.05; done";
      const rows = [
        { script: forever, requests: [{ signal: "TERM", graceMs: Infinity }], want: 143 },
        { script: forever, requests: [{ signal: "SIGRTMIN+3", graceMs: Infinity }], want: 128 + 37 },
        { script: `trap "exit 9" USR1; ${forever}`, requests: [{ signal: "SIGUSR1", graceMs: Infinity }], want: 9 },
        { script: `trap "" TERM; ${forever}`, requests: [{ signal: "SIGTERM", graceMs: 100 }], want: 137 },
        {
          script: `trap "" TERM; ${forever}`,
          requests: [
            { signal: "SIGTERM", graceMs: Infinity },
            { signal: "SIGTERM", graceMs: 0 },
          ],
          want: 137,
        },
      ];
      for (const { script, requests, want } of rows) {
        const onOutput = (): void => requests.forEach((each) => at.sandbox.stop("step", each));
        assert.equal((await at.sandbox.run(at.step(script, { onOutput }))).exitCode, want, script);
      }
      // Asked before it has begun.
      const early = at.sandbox.run(at.step(forever));
      at.sandbox.stop("step", { signal: "SIGTERM", graceMs: 0 });
      assert.equal((await early).exitCode, 137);
      at.sandbox.stop("nosuch", { signal: "SIGTERM", graceMs: 0 });
    });

    it("runs steps side by side, each in its own world", async () => {
      await using at = await place();
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, number) =>
          at.run(`echo ${number} > /own; sleep 0.2; cat /own; ls / | grep -c own`, { id: `step-${number}` }),
        ),
      );
      assert.deepEqual(
        outcomes.map(({ stdout }) => stdout),
        Array.from({ length: 6 }, (_, number) => `${number}\n1\n`),
      );
    });

    it("shows no mounts to the host and leaves nothing in its state directory", async () => {
      let state = "";
      {
        await using at = await place();
        const before = mountLines(at.folder);
        state = join(at.folder, "state");
        const outcome = at.run("sleep 0.3");
        await at.run("true");
        assert.deepEqual(mountLines(at.folder), before);
        const [instance = ""] = readdirSync(state).filter((name) => name.startsWith("decant-") && !name.endsWith(".lock"));
        assert.deepEqual(readdirSync(join(state, instance, "private")), []);
        await outcome;
        await at.sandbox[Symbol.asyncDispose]();
        assert.deepEqual(readdirSync(state), ["runtime.json"]);
      }
      assert.ok(!existsSync(state));
    });
  });
}
