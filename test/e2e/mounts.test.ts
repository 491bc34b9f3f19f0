/** RUN --mount with a real runtime: rules S111 to S120, S107, and what the flags of a build give to RUN steps. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, pruneStore } from "../../src/index.ts";
import { addBusybox, addProgram, type Built, BUSYBOX, holds, workshop, type Workshop, failure } from "../support/build.ts";

/** A workshop with busybox. */
function shopWithBusybox(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

/** What steps printed, without the progress of others. */
async function logOf(shop: Workshop, text: string, options: Partial<BuildOptions> = {}): Promise<string> {
  return (await shop.build(BUSYBOX + text, options)).log;
}

function executed({ result }: Built): number {
  return result.executed;
}

describe("RUN --mount=type=bind", { concurrency: 2 }, () => {
  it("S113: shows the context read-only, owned by root, without what .dockerignore excludes", async () => {
    using shop = shopWithBusybox();
    shop.write({ ".dockerignore": "hidden\n", hidden: "x", "src/a": "one", "src/run": "#!/bin/sh\necho ran" });
    const log = await logOf(
      shop,
      "RUN --mount=target=/ctx ls /ctx && cat /ctx/src/a && /ctx/src/run && stat -c %u:%g:%a /ctx/src/a && ! touch /ctx/new 2>/dev/null && echo read-only",
    );
    assert.doesNotMatch(log, /hidden/);
    assert.match(log, /one.*ran\n0:0:644\nread-only\n/s);
  });

  it("S113: throws writes of rw away, and leaves nothing in the image or the context", async () => {
    using shop = shopWithBusybox();
    shop.write({ "src/a": "one" });
    const out = join(shop.folder, "out");
    await shop.build(
      `${BUSYBOX}RUN --mount=source=src,target=/w,rw echo two > /w/a && echo new > /w/b && cat /w/a > /seen\nRUN --mount=source=src,target=/w cat /w/a > /again && ! [ -e /w/b ]`,
      { outputs: [{ type: "local", dest: out }] },
    );
    assert.equal(readFileSync(join(out, "seen"), "utf8"), "two\n");
    assert.equal(readFileSync(join(out, "again"), "utf8"), "one");
    assert.equal(existsSync(join(out, "w")), false);
    assert.equal(readFileSync(join(shop.context, "src/a"), "utf8"), "one");
  });

  it("S113: binds files and trees of stages, through their symlinks", async () => {
    using shop = shopWithBusybox();
    const log = await logOf(
      shop,
      [
        "FROM base AS lib\nRUN mkdir -p /usr/data/sub && echo deep > /usr/data/sub/f && ln -s /usr/data /link && echo single > /single",
        "FROM base\nWORKDIR /w",
        "RUN --mount=from=LIB,source=/link,target=tree --mount=from=lib,source=single,target=/f cat tree/sub/f /f",
        "RUN --mount=from=lib,target=/all,rw rm -rf /all/usr && echo x > /all/new && ls /all",
        "RUN --mount=from=lib,target=/all ls /all/usr/data",
      ].join("\n"),
    );
    assert.match(log, /deep\nsingle\n/);
    assert.match(log, /new\n/);
    assert.match(log, /sub\n$/);
  });

  it("S113: fails for a source that is not there, with a suggestion", async () => {
    using shop = shopWithBusybox();
    shop.write({ "package.json": "{}" });
    assert.match(
      await failure(shop.build(`${BUSYBOX}RUN --mount=source=pakage.json,target=/p true`)),
      /^COPY_SOURCE_MISSING 4: Cannot mount "\/pakage\.json": not found in the build context$/,
    );
  });

  it("S111: keys by the content of the selection only", async () => {
    using shop = shopWithBusybox();
    shop.write({ "src/a": "1", other: "1" });
    const text = `${BUSYBOX}RUN --mount=source=src,target=/s cat /s/a`;
    assert.equal(executed(await shop.build(text)) > 0, true);
    shop.write({ other: "2" });
    utimesSync(join(shop.context, "src/a"), new Date(), new Date(1e12));
    rmSync(join(shop.context, "busybox/bin/yes"), { force: true });
    assert.equal(executed(await shop.build(text)), 0);
    shop.write({ "src/a": "2" });
    const third = await shop.build(text);
    assert.deepEqual([executed(third), third.log], [1, "2"]);
    assert.equal(executed(await shop.build(`${BUSYBOX}RUN --mount=source=src,target=/s,rw cat /s/a`)), 1);
  });

  it("S111: a stage that comes out the same is a hit", async () => {
    using shop = shopWithBusybox();
    shop.write({ a: "1" });
    const text = `${BUSYBOX}FROM base AS lib\nCOPY a /a\nRUN echo same > /lib\nFROM base\nRUN --mount=from=lib,source=/lib,target=/l cat /l`;
    await shop.build(text);
    shop.write({ a: "2" });
    const again = await shop.build(text);
    assert.equal(again.log.includes("same"), false);
  });
});

describe("RUN --mount=type=cache", { concurrency: 2 }, () => {
  it("S114, S117: outlives steps that fail, and is shared by Dockerfiles of the store", async () => {
    using shop = shopWithBusybox();
    const out = join(shop.folder, "out");
    assert.match(await failure(shop.build(`${BUSYBOX}RUN --mount=type=cache,target=/c echo kept > /c/f && false`)), /^RUN_FAILED 4/);
    await shop.build(`${BUSYBOX}RUN --mount=type=cache,id=/c,target=/other cp /other/f /found`, {
      outputs: [{ type: "local", dest: out }],
    });
    assert.equal(readFileSync(join(out, "found"), "utf8"), "kept\n");
    assert.deepEqual([existsSync(join(out, "other")), existsSync(join(out, "c"))], [false, false]);
  });

  it("S114: namespaces, owners and bases have caches of their own", async () => {
    using shop = shopWithBusybox();
    const write = "RUN --mount=type=cache,id=i,target=/c echo plain > /c/f";
    const rows = [
      "RUN --mount=type=cache,id=i,target=/c,uid=7,gid=8,mode=0750 stat -c %u:%g:%a /c && ls /c",
      "RUN --mount=type=cache,id=i,target=/c,from=base,source=/etc cat /c/group && echo mine > /c/own",
      "RUN --mount=type=cache,id=i,target=/c,from=base,source=/etc cat /c/own && ls /c",
    ];
    const log = await logOf(shop, ["FROM base", write, ...rows].join("\n"));
    assert.match(log, /^7:8:750\nroot:x:0:\n/);
    assert.match(log, /mine\ngroup\nown\npasswd\n$/);
    assert.equal(
      await logOf(shop, "RUN --mount=type=cache,id=i,target=/c ls /c; echo none", { buildArgs: { BUILDKIT_CACHE_MOUNT_NS: "ns" } }),
      "none\n",
    );
  });

  it("S115: steps share it, wait for it, or have one of their own", async () => {
    using shop = shopWithBusybox();
    // Both steps leave a mark and look for the other's: as long as it takes where they must meet, a moment where they must not.
    const look = (sharing: string, own: string, other: string): string =>
      `touch /c/${own}; i=0; while [ $i -lt ${sharing === "shared" ? 600 : 5} ] && ! [ -e /c/${other} ]; do sleep 0.1; i=$((i+1)); done; [ -e /c/${other} ] && echo ${own}-sees || echo ${own}-alone${sharing === "shared" ? "" : `; rm /c/${own}`}`;
    const text = (sharing: string): string =>
      ["one", "two"]
        .map((own, at) => {
          const mount = `--mount=type=cache,id=${sharing},target=/c,sharing=${sharing}`;
          return `FROM base AS ${own}\nRUN ${mount} ${look(sharing, own, at === 0 ? "two" : "one")}\nRUN touch /${own}`;
        })
        .join("\n") + "\nFROM base\nCOPY --from=one /one /\nCOPY --from=two /two /";
    const said = async (sharing: string): Promise<string[]> =>
      (await logOf(shop, text(sharing), { noCache: true })).trim().split("\n").toSorted();
    assert.deepEqual(await said("shared"), ["one-sees", "two-sees"]);
    assert.deepEqual(await said("locked"), ["one-alone", "two-alone"]);
    assert.deepEqual(await said("private"), ["one-alone", "two-alone"]);
  });

  it("S116: a source that leaves the cache fails", async () => {
    using shop = shopWithBusybox();
    const text =
      "RUN --mount=type=cache,id=e,target=/c mkdir -p /c/in && echo inside > /c/in/f && ln -sf /etc/passwd /c/out && ln -sf ../../../../etc /c/up";
    await logOf(shop, text);
    assert.equal(await logOf(shop, "RUN --mount=type=cache,id=e,source=in,target=/x cat /x/f"), "inside\n");
    for (const source of ["out", "up", "missing"]) {
      const said = await failure(shop.build(`${BUSYBOX}RUN --mount=type=cache,id=e,source=${source},target=/x cat /x`));
      assert.match(said, /^COPY_SOURCE_MISSING 4: .*not found in cache "e"/, source);
    }
  });

  it("G4: S117: --no-cache and --no-cache-filter keep them, and with mounts empty those of the steps that they cover", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}FROM base AS a\nRUN --mount=type=cache,id=a,target=/c ls /c; touch /c/a\nFROM a AS b\nRUN --mount=type=cache,id=b,target=/c ls /c; touch /c/b\n`;
    await shop.build(text);
    assert.equal((await shop.build(text, { noCacheStages: ["b"] })).log, "b\n");
    assert.deepEqual((await shop.build(text, { noCache: true })).log.split("\n").toSorted(), ["", "a", "b"]);
    assert.equal((await shop.build(text, { noCacheStages: ["b"], noCacheMounts: true })).log, "");
    assert.equal(
      (await shop.build(`${text}RUN --mount=type=cache,id=a,target=/a --mount=type=cache,id=b,target=/b ls /a /b`)).log,
      "/a:\na\n\n/b:\nb\n",
    );
    assert.equal((await shop.build(text, { noCache: true, noCacheMounts: true })).log, "");
  });

  it("goes with prune --all, and not with prune", async () => {
    using shop = shopWithBusybox();
    const text = "RUN --mount=type=cache,target=/c ls /c; touch /c/f";
    await logOf(shop, text);
    await using mild = pruneStore({ root: shop.root, env: {} });
    await mild.result;
    assert.equal(await logOf(shop, text.replace("ls", "ls -1")), "f\n");
    await using all = pruneStore({ root: shop.root, env: {}, all: true });
    await all.result;
    assert.deepEqual(existsSync(join(shop.root, "dirs/cache-mount")) ? readdirSync(join(shop.root, "dirs/cache-mount")) : [], []);
  });

  it("S110: id and sharing are not part of the key, the owner is", async () => {
    using shop = shopWithBusybox();
    await logOf(shop, "RUN --mount=type=cache,id=k1,target=/c true");
    const again = await shop.build(`${BUSYBOX}RUN --mount=type=cache,id=k2,target=/c,sharing=locked true`);
    const owned = await shop.build(`${BUSYBOX}RUN --mount=type=cache,id=k2,target=/c,mode=0700 true`);
    assert.deepEqual([executed(again), executed(owned)], [0, 1]);
  });
});

describe("RUN --mount=type=tmpfs", () => {
  it("S118: is empty, nosuid, of the size that was asked for, and gone afterwards", async () => {
    using shop = shopWithBusybox();
    const log = await logOf(
      shop,
      "RUN --mount=type=tmpfs,target=/bin/../t,size=1m grep ' /t ' /proc/mounts && echo x > /t/f\nRUN ! [ -e /t ] && echo gone\nRUN --mount=type=tmpfs,target=/dev/shm,size=2m grep shm /proc/mounts",
    );
    assert.match(log, /tmpfs \/t tmpfs .*nosuid.*size=1024k/);
    assert.match(log, /gone\n/);
    assert.match(log, /\/dev\/shm tmpfs .*size=2048k/);
  });
});

describe("RUN --mount=type=secret", { concurrency: 2 }, () => {
  it("S119: is a file in memory, or a variable, and nowhere else", async () => {
    using shop = shopWithBusybox();
    const value = `swordfish-${process.pid}-0123456789`;
    const out = join(shop.folder, "image.tar");
    const text = `${BUSYBOX}RUN --mount=type=secret,id=key stat -c %a:%u /run/secrets/key && grep ' /run/secrets/key ' /proc/mounts && wc -c < /run/secrets/key
RUN --mount=type=secret,id=key,target=/etc/k,mode=0440,uid=1000,gid=1001 stat -c %a:%u:%g /etc/k
RUN --mount=type=secret,id=key,env=TOKEN test "$TOKEN" = "$(echo ${value.replaceAll("-", '"-"')} | tr -d '"')" && echo same && ! [ -e /run/secrets ]
RUN ! [ -e /run ] && ! [ -e /etc/k ] && echo clean
`;
    const { log, events } = await shop.build(text, {
      secrets: [{ id: "key", value }],
      tags: ["secretive"],
      outputs: [{ type: "oci", dest: out, tar: true, names: [], compression: "uncompressed" }],
    });
    assert.match(log, new RegExp(`^400:0\\ntmpfs /run/secrets/key tmpfs ro,.*\\n${value.length}\\n440:1000:1001\\nsame\\nclean\\n$`));
    assert.match(log, /nosuid,nodev,noexec/);
    // The Dockerfile of this test spells the value with quotes in between.
    assert.deepEqual(holds(shop.root, value), []);
    assert.equal(readFileSync(out).includes(value), false);
    assert.equal(JSON.stringify(events).includes(value), false);
  });

  it("S119: comes from files and variables, and its value is not part of the key", async () => {
    using shop = shopWithBusybox();
    // Short values are not masked.
    writeFileSync(join(shop.folder, "token"), "file-1");
    const text = `${BUSYBOX}RUN --mount=type=secret,id=f --mount=type=secret,id=e,env=E --mount=type=secret,id=BARE cat /run/secrets/f /run/secrets/BARE; echo " $E"`;
    const options = {
      cwd: shop.folder,
      env: { VAR: "env-1", BARE: "-bare" },
      secrets: [{ id: "f", src: "token" }, { id: "e", env: "VAR" }, { id: "BARE" }],
    };
    assert.equal((await shop.build(text, options)).log, "file-1-bare env-1\n");
    writeFileSync(join(shop.folder, "token"), "changed");
    assert.equal(executed(await shop.build(text, options)), 0);
  });

  it("S119: is left out, or an error, when it is not given", async () => {
    using shop = shopWithBusybox();
    assert.equal(
      await logOf(shop, 'RUN --mount=type=secret,id=no --mount=type=secret,id=no,env=NO ! [ -e /run/secrets ] && echo "${NO-unset}."'),
      ".\n",
    );
    const binary = { secrets: [{ id: "b", value: "a\0b" }] };
    assert.match(await failure(shop.build(`${BUSYBOX}RUN --mount=type=secret,id=b,env=B true`, binary)), /^RUN_FAILED 4: .*NUL byte/);
    for (const mount of ["id=no,required", "id=no,env=NO,required"])
      assert.match(await failure(shop.build(`${BUSYBOX}RUN --mount=type=secret,${mount} true`)), /^RUN_FAILED 4: .*secret no: not found/);
    assert.match(
      await failure(shop.build(`${BUSYBOX}RUN true`, { secrets: [{ id: "x", src: "/none" }] })),
      /^USAGE -: .*"\/none" cannot be read/,
    );
    assert.match(
      await failure(shop.build(`${BUSYBOX}RUN true`, { secrets: [{ id: "x", src: shop.folder }] })),
      /^USAGE -: .*is a directory; wanted a file/,
    );
  });
});

describe("RUN --mount=type=ssh", () => {
  it("S120: forwards the socket with the mode and owner that are asked for", async () => {
    using shop = shopWithBusybox();
    const path = join(shop.folder, "agent");
    await using server = createServer((client) => client.end());
    await new Promise<void>((listening) => server.listen(path, listening));
    const text = `USER app\nRUN --mount=type=ssh,uid=1000,mode=0660 stat -c %a:%u:%F "$SSH_AUTH_SOCK" && [ -w "$SSH_AUTH_SOCK" ] && echo writable`;
    const options = { env: { SSH_AUTH_SOCK: path }, ssh: [{ id: "default" }] };
    assert.equal(await logOf(shop, text, options), "660:1000:socket\nwritable\n");
  });

  it("F91: serves key files from memory to programs of the step, and keeps nothing of them", async () => {
    using shop = shopWithBusybox();
    addProgram(shop, "/usr/bin/ssh-add");
    const keys = ["one", "two"].map((name) => join(shop.folder, name));
    for (const key of keys) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const text = "RUN --mount=type=ssh,id=deploy ssh-add -L\nRUN ! [ -e /run/buildkit ] && echo gone";
    const { log, events } = await shop.build(BUSYBOX + text, { cwd: shop.folder, ssh: [{ id: "deploy", paths: ["one", keys[1] ?? ""] }] });
    const publicKeys = keys.map((key) => readFileSync(`${key}.pub`, "utf8").split(" ").slice(0, 2).join(" "));
    assert.equal(log, `${publicKeys.join(" \n")} \ngone\n`);
    for (const key of keys) {
      const secret = readFileSync(key, "utf8").split("\n")[3] ?? "";
      assert.deepEqual([holds(shop.root, secret), JSON.stringify(events).includes(secret)], [[], false]);
    }
    assert.equal((await shop.build(BUSYBOX + text, { ssh: [{ id: "deploy", paths: [keys[1] ?? ""] }] })).result.executed, 0);
  });

  it("F91: says which keys cannot be used, and why, before anything is built", async () => {
    using shop = shopWithBusybox();
    const path = (name: string): string => join(shop.folder, name);
    for (const [name, passphrase] of [
      ["plain", ""],
      ["locked", "secret"],
    ] as const)
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", path(name)]);
    await using server = createServer();
    await new Promise<void>((listening) => server.listen(path("agent"), listening));
    const said = (...names: readonly string[]): Promise<string> =>
      failure(shop.build(`${BUSYBOX}RUN false`, { ssh: [{ id: "k", paths: names.map(path) }] }));
    assert.match(
      await said("plain", "locked"),
      /^USAGE -: Cannot use the key ".*\/locked" for --ssh k: it is protected by a passphrase; wanted/,
    );
    assert.match(await said("plain.pub"), /^USAGE -: .*: it holds no private key$/);
    assert.match(await said("none"), /^USAGE -: .*"\/.*\/none" cannot be used \(ENOENT\)$/);
    assert.match(await said("plain", "agent"), /^USAGE -: .*is a socket; wanted one socket alone, or files of private keys$/);
  });

  it("S120: is left out, or an error, when it is not given", async () => {
    using shop = shopWithBusybox();
    assert.equal(
      await logOf(shop, 'RUN --mount=type=ssh ! [ -e "$SSH_AUTH_SOCK" ] && echo "$SSH_AUTH_SOCK"'),
      "/run/buildkit/ssh_agent.0\n",
    );
    assert.match(
      await failure(shop.build(`${BUSYBOX}RUN --mount=type=ssh,required true`)),
      /^RUN_FAILED 4: .*there is no SSH agent "default"/,
    );
    assert.match(await failure(shop.build(`${BUSYBOX}RUN true`, { ssh: [{ id: "default" }] })), /^USAGE -: .*SSH_AUTH_SOCK is not set/);
  });
});

describe("RUN", { concurrency: 2 }, () => {
  it("S107: runs a heredoc with #! as a read-only file, never expanded", async () => {
    using shop = shopWithBusybox();
    const log = await logOf(
      shop,
      'ARG x=built\nRUN <<EOF\n#!/bin/cat\n$x $0\nEOF\nRUN <<-"EOF"\n#!/bin/sh\n\techo "$0"; stat -c %a "$0"; touch "$0" || echo kept\nEOF',
    );
    assert.match(log, /^#!\/bin\/cat\n\$x \$0\n\/dev\/pipes\/EOF\n755\n.*kept\n/s);
  });

  it("F21: --security=insecure has all capabilities once it is allowed", async () => {
    using shop = shopWithBusybox();
    const text = "RUN grep CapEff /proc/self/status\nRUN --security=insecure grep CapEff /proc/self/status";
    const [plain, insecure] = (await logOf(shop, text, { allow: ["security.insecure"] })).trim().split("\n");
    assert.notEqual(plain, insecure);
    assert.match(await failure(shop.build(BUSYBOX + text)), /^DOCKERFILE_SEMANTIC 5: .*security\.insecure is not allowed/);
  });

  it("has the hosts, limits and shared memory that the build gives", async () => {
    using shop = shopWithBusybox();
    const text = `RUN grep db /etc/hosts && ulimit -n && grep 'Max core' /proc/self/limits && grep shm /proc/mounts`;
    const options = {
      addHosts: [{ host: "db", ip: "10.1.2.3" }],
      ulimits: [
        { name: "nofile", soft: 123, hard: 456 },
        { name: "core", soft: 0, hard: -1 },
      ],
      shmSizeBytes: 1024 * 1024,
    };
    assert.match(
      await logOf(shop, text, options),
      /^10\.1\.2\.3\s+db\n123\nMax core file size +0 +unlimited .*\nshm|tmpfs \/dev\/shm tmpfs .*size=1024k/,
    );
    const moved = { ...options, addHosts: [{ host: "db", ip: "10.9.9.9" }] };
    assert.equal(executed(await shop.build(BUSYBOX + text, moved)), 0);
  });

  it("warns of a stage of --no-cache-filter that is not there", async () => {
    using shop = shopWithBusybox();
    const { events } = await shop.build(BUSYBOX, { noCacheStages: ["bass"] });
    assert.equal(
      events.some((event) => event.type === "warning" && event.code === "UnknownStage" && event.message.includes('"bass"')),
      true,
    );
  });
});
