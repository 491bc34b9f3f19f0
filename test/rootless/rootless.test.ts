/** Builds and containers of a real other user: what works for root works for him, and what his machine forbids is said (docs/guide.md, "Without root"). */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { setXattr } from "../../src/sys/index.ts";
import { DECANT } from "../support/command.ts";
import { type OtherUser, otherUser, withoutNamespaces } from "../support/other-user.ts";

const BUSYBOX = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`;

/** Writes a context with busybox for the user. */
function context(user: OtherUser, dockerfile: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(user.home, "context");
  mkdirSync(folder, { recursive: true });
  copyFileSync("/usr/bin/busybox", join(folder, "busybox"));
  chmodSync(join(folder, "busybox"), 0o755);
  for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...files })) writeFileSync(join(folder, name), text);
  for (const name of ["", ...readdirSync(folder)]) chownSync(join(folder, name), user.uid, user.uid);
  return folder;
}

function built(user: OtherUser, dockerfile: string, ...options: readonly string[]): string {
  const { code, err } = user.decant("build", "-t", "t", "--progress=plain", ...options, context(user, dockerfile));
  assert.equal(code, 0, err);
  return err;
}

/** Steps whose results have owners, whiteouts, opaque directories, links, modes and capabilities. */
const OWNERS = `RUN mkdir -p /d/deep && echo 1 >/d/one && chown 1000:1001 /d/one && chmod 600 /d/one && echo a >/gone && ln /d/one /two
RUN cat /d/one && rm -r /d /gone && mkdir -m 700 /d && echo 2 >/d/three && chown -R 7:8 /d
USER 7:8
RUN test ! -e /gone && cat /d/three && test "$(stat -c %u:%g:%a /d /two | tr '\\n' ' ')" = "7:8:700 1000:1001:600 "
`;

describe("H1: an ordinary user", { timeout: 600_000 }, () => {
  it("H1: runs steps whose files have owners, and gives root's image", () => {
    const dockerfile = `${BUSYBOX}${OWNERS}`;
    using user = otherUser();
    context(user, dockerfile);
    const output = "--output=type=oci,dest=image.tar,rewrite-timestamp=true";
    const words = ["build", "--build-arg=SOURCE_DATE_EPOCH=1700000000", "--metadata-file=meta.json", output, "context"];
    const { code, err } = user.decant(...words);
    assert.equal(code, 0, err);
    const digest = digestIn(user.home);
    const done = spawnSync(DECANT, words, {
      cwd: user.home,
      encoding: "utf8",
      env: { ...process.env, DECANT_ROOT: join(user.home, "of-root") },
    });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(digestIn(user.home), digest);
  });

  it("H1: keeps capabilities of files, as root's builds do", () => {
    using user = otherUser();
    const folder = context(user, `${BUSYBOX}ADD program.tar /\nRUN chmod 700 /ping\nRUN touch /x\n`, { ping: "program" });
    setXattr(join(folder, "ping"), "security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex"));
    const asRoot = { cwd: user.home, encoding: "utf8", env: { ...process.env, DECANT_ROOT: join(user.home, "of-root") } } as const;
    const packed = spawnSync("tar", ["--xattrs", "--xattrs-include=*", "-cf", "program.tar", "ping"], { ...asRoot, cwd: folder });
    assert.equal(packed.status, 0, packed.stderr);
    const output = "--output=type=oci,dest=image.tar,rewrite-timestamp=true";
    const words = ["build", "--build-arg=SOURCE_DATE_EPOCH=1700000000", "--metadata-file=meta.json", output, "context"];
    const { code, err } = user.decant(...words);
    assert.equal(code, 0, err);
    const digest = digestIn(user.home);
    const done = spawnSync(DECANT, words, asRoot);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(digestIn(user.home), digest);
    mkdirSync(join(user.home, "layout"));
    assert.equal(spawnSync("tar", ["-xf", "image.tar", "-C", "layout"], asRoot).status, 0);
    // Both layers that hold the program hold its capability.
    assert.equal(spawnSync("tar", ["-xf", "image.tar", "-C", "layout"], asRoot).status, 0);
    const blobs = readdirSync(join(user.home, "layout/blobs/sha256")).map((name) =>
      readFileSync(join(user.home, "layout/blobs/sha256", name)),
    );
    const layers = blobs.map((blob) => (blob[0] === 0x1f ? gunzipSync(blob) : blob)).filter((tar) => tar.includes("security.capability="));
    assert.ok(layers.length >= 2);
  });

  it("H1: uses every kind of mount, secrets, agents, users and networks", () => {
    using user = otherUser();
    const folder = context(
      user,
      `${BUSYBOX}RUN mkdir -p /start && echo 1 >/start/f && chown -R 9:9 /start
FROM base
RUN --mount=type=cache,target=/c,uid=5,gid=6,mode=0700 echo x >/c/f && test "$(stat -c %u:%g:%a /c)" = 5:6:700
RUN --mount=type=cache,id=other,target=/c,from=base,source=/start test "$(stat -c %u /c/f)" = 9 && echo 2 >/c/f
RUN --mount=type=bind,target=/m test -e /m/busybox -a "$(stat -c %u /m/busybox)" = 0
RUN --mount=type=bind,from=base,source=/start,target=/m,rw echo 3 >/m/f && test "$(stat -c %u /m/f)" = 9
RUN --mount=type=tmpfs,target=/m,size=1m test "$(stat -f -c %T /m)" = tmpfs
RUN --mount=type=secret,id=s,uid=3,mode=0400 test "$(cat /run/secrets/s)" = hidden -a "$(stat -c %u:%a /run/secrets/s)" = 3:400
RUN --mount=type=secret,id=s,env=S test "$S" = hidden
RUN --mount=type=ssh,uid=4,gid=4 test -S "$SSH_AUTH_SOCK" -a "$(stat -c %u:%g "$SSH_AUTH_SOCK")" = 4:4
RUN --network=none test "$(ip -o link | wc -l)" = 1
USER 1000:1000
WORKDIR /home/x
RUN test "$(id -u):$(id -g)" = 1000:1000 && echo out >/dev/stdout && ! touch /bin/no
`,
      { secret: "hidden" },
    );
    const key = user.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(user.home, "key")]);
    assert.equal(key.code, 0, key.err);
    const { code, err } = user.decant(
      "build",
      "--progress=plain",
      `--secret=id=s,src=${folder}/secret`,
      `--ssh=default=${user.home}/key`,
      folder,
    );
    assert.equal(code, 0, err);
  });

  it("H1: takes cache mounts along from machine to machine, with owners", () => {
    using user = otherUser();
    const build = (words: readonly string[], script: string): { readonly code: number | null; readonly err: string } => {
      const folder = context(user, `${BUSYBOX}RUN --mount=type=cache,id=c,target=/c ${script}\n`);
      return user.decant("build", "--progress=plain", ...words, folder);
    };
    const others = (from: string, to: string): readonly string[] => [
      `--cache-from=type=local,src=${from}`,
      `--cache-to=type=local,dest=${to},mounts=true`,
    ];
    const empty = (): void => assert.equal(user.decant("prune", "--all", "--force").code, 0);
    const [first, second] = [join(user.home, "first"), join(user.home, "second")];
    const made = build(
      [`--cache-to=type=local,dest=${first},mounts=true`],
      "echo 1 >/c/root && echo 2 >/c/other && chown 1000:1001 /c/other && chmod 644 /c/other",
    );
    assert.equal(made.code, 0, made.err);
    empty();
    const used = build(others(first, second), "stat -c %n=%u:%g /c/root /c/other && cat /c/root /c/other && echo more");
    assert.equal(used.code, 0, used.err);
    assert.match(used.err, /\/c\/root=0:0\n.*\/c\/other=1000:1001\n.* 1\n.* 2\n/);
    // A file that this user cannot read stays here, and that is said.
    const closed = build([`--cache-to=type=local,dest=${second},mounts=true`], "chown 5 /c/other && chmod 600 /c/other");
    assert.match(closed.err, /CacheMountNotWritten: The cache mount "c" was left out of the cache: .*other/);
  });

  it("H1: says that a cache mount could not come from another machine", () => {
    using user = otherUser("single");
    const cache = join(user.home, "cache");
    const dockerfile = `${BUSYBOX}RUN --mount=type=cache,id=c,target=/c touch /c/f && chown 7 /c/f && echo SCRIPT\n`;
    const asRoot = { encoding: "utf8", env: { ...process.env, DECANT_ROOT: join(user.home, "of-root") } } as const;
    const made = spawnSync(DECANT, ["build", `--cache-to=type=local,dest=${cache},mounts=true`, context(user, dockerfile)], asRoot);
    assert.equal(made.status, 0, made.stderr);
    const { code, err } = user.decant(
      "build",
      "--progress=plain",
      `--cache-from=type=local,src=${cache}`,
      context(user, `${BUSYBOX}RUN --mount=type=cache,id=c,target=/c ls /c && echo new\n`),
    );
    assert.equal(code, 0, err);
    assert.match(err, /CacheMountNotRead: The cache mount "c" starts without what it had on another machine: .*user 7\b/);
  });

  it("H1: copies files of others out of a stage, and prunes what steps left", () => {
    using user = otherUser();
    built(
      user,
      `${BUSYBOX}RUN mkdir -m 700 /s && echo secret >/s/f && chown -R 12:13 /s && chmod 0 /s/f\nFROM scratch\nCOPY --from=base /s /s\n`,
    );
    assert.equal(user.decant("cat", "t", "/s/f").out, "secret");
    assert.equal(user.decant("image", "rm", "t").code, 0);
    const pruned = user.decant("prune", "--all", "--force");
    assert.equal(pruned.code, 0, pruned.err);
    assert.deepEqual(
      readdirSync(join(user.home, ".local/share/decant/dirs"), { recursive: true }).filter((name) => String(name).includes("sha256")),
      [],
    );
  });

  it("H1: is told that devices need root", () => {
    using user = otherUser();
    const { code, err } = user.decant("build", context(user, `${BUSYBOX}RUN mknod /n c 1 3\n`));
    assert.equal(code, 1);
    assert.match(err, /Hint: Without root, Linux makes no device files/);
  });

  it("H2: is told that limits need root", () => {
    using user = otherUser();
    const { code, err } = user.decant("build", "--memory=32m", context(user, `${BUSYBOX}RUN true\n`));
    assert.equal(code, 1);
    assert.match(err, /ERROR: Cannot limit steps without root: this user may make no cgroups here/);
    assert.match(err, /Hint: Leave the limits and the cgroup parent out/);
  });

  it("H1: runs containers, with the exit code and the user that they have", () => {
    using user = otherUser();
    built(user, `${BUSYBOX}RUN mkdir /data && chown 1000 /data\nUSER 1000\n`);
    const { code, out, err } = user.decant("run", "t", "sh", "-c", "id -u; echo x >/data/f && ls /data; exit 3");
    assert.deepEqual([code, out], [3, "1000\nf"], err);
  });

  it("H1: leaves nothing when it is killed, and the next run sweeps", async () => {
    using user = otherUser();
    const folder = context(user, `${BUSYBOX}RUN mkdir /x && chown 5 /x && chmod 700 /x && echo started && sleep 1000.5\n`);
    const [program = "", ...as] = user.as;
    const child = spawn(program, [...as, DECANT, "build", "--progress=plain", folder], {
      env: user.env,
      cwd: user.home,
      stdio: ["ignore", "ignore", "pipe"],
    });
    using _killed = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
    let said = "";
    for await (const chunk of child.stderr) {
      said += String(chunk);
      if (/^#\d+ [\d.]+ started$/m.test(said)) break;
    }
    await until(() => processesWith("1000.5").length > 0);
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await until(() => processesWith("1000.5").length === 0);
    built(user, `${BUSYBOX}RUN true\n`);
    assert.deepEqual(
      readdirSync(join(user.home, ".local/share/decant/sandbox")).filter((name) => name.startsWith("decant-")),
      [],
    );
    const left = readdirSync(join(user.home, ".local/share/decant/tmp"));
    assert.deepEqual(
      left.filter((name) => !name.endsWith(".lock")),
      [],
    );
  });
});

describe("H1: a user with a single id", { timeout: 600_000 }, () => {
  it("H1: builds where nobody else is needed", () => {
    using user = otherUser("single");
    built(user, `${BUSYBOX}RUN --mount=type=cache,target=/c echo x >/c/x && id -u && echo y >/y\n`);
    assert.equal(user.decant("run", "t", "cat", "/y").out, "y");
  });

  it("H1: needs no account and no home", () => {
    using user = otherUser("single");
    const folder = context(user, "FROM scratch\nCOPY busybox /b\n");
    const bare = ["env", "-i", "PATH=/usr/bin:/bin", `DECANT_ROOT=${user.home}/store`];
    const { code, err } = user.run([...bare, DECANT, "build", folder]);
    assert.equal(code, 0, err);
  });

  it("H1: is told that a program of a step wanted another id", () => {
    using user = otherUser("single");
    const { code, err } = user.decant("build", context(user, `${BUSYBOX}RUN touch /f && chown 5 /f\n`));
    assert.equal(code, 1);
    assert.match(err, /Hint: The user who builds has one id only/);
  });

  for (const [what, dockerfile, id] of [
    ["a layer that has files of others", `${BUSYBOX}COPY --chown=42:43 Dockerfile /f\nRUN true\n`, "user 42"],
    ["a step of another user", `${BUSYBOX}USER 7:8\nRUN true\n`, "user 7"],
    ["a secret of another user", `${BUSYBOX}RUN --mount=type=cache,target=/c --mount=type=secret,id=s,gid=9 true\n`, "group 9"],
  ] as const) {
    it(`H1: is told which id is missing, and how to get it: ${what}`, () => {
      using user = otherUser("single");
      const folder = context(user, dockerfile, { secret: "x" });
      const { code, err } = user.decant("build", `--secret=id=s,src=${folder}/secret`, folder);
      assert.equal(code, 1);
      assert.match(err, new RegExp(`the user who builds may not use ${id}\\b`));
      assert.match(err, /Hint: .*usermod --add-subuids (\d+-\d+) --add-subgids \1 /);
    });
  }
});

describe("H1: where user namespaces are off", { timeout: 600_000 }, () => {
  it("H1: builds what has no RUN", async () => {
    using user = otherUser();
    const folder = context(user, "FROM scratch\nCOPY --chown=5:6 busybox /b\nADD Dockerfile /d/\nWORKDIR /w\n");
    const { code, err } = await withoutNamespaces(user, [DECANT, "build", folder]);
    assert.equal(code, 0, err);
    assert.ok(existsSync(join(user.home, ".local/share/decant/decant.db")));
  });

  it("H1: says what forbids RUN, and the command that allows it", async () => {
    using user = otherUser();
    const { code, err } = await withoutNamespaces(user, [DECANT, "build", context(user, `${BUSYBOX}`)]);
    assert.equal(code, 1);
    assert.match(
      err,
      /ERROR: Cannot run a step: this user may not make a user namespace.*: the kernel's setting user\.max_user_namespaces is 0/,
    );
    assert.match(err, /Hint: As root: sysctl -w user\.max_user_namespaces=15000/);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !isTrue(); tries += 1) await setTimeout(10);
  assert.ok(isTrue());
}

function digestIn(folder: string): string {
  const [, digest = ""] = /"containerimage\.digest":\s*"([^"]+)"/.exec(readFileSync(join(folder, "meta.json"), "utf8")) ?? [];
  assert.notEqual(digest, "");
  return digest;
}

describe("H1: decant doctor", { timeout: 600_000 }, () => {
  it("H1: says which way steps run, and how many ids there are", () => {
    using user = otherUser();
    const { code, out, err } = user.decant("doctor");
    assert.equal(code, 0, err);
    assert.match(out, /^ok {7}RUN: works, without root, in a user namespace$/m);
    assert.match(out, /^ok {7}ids: 65537 users and 65537 groups$/m);
  });

  it("H1: says what a single id lacks, and the command that mends it", () => {
    using user = otherUser("single");
    const points = JSON.parse(user.decant("doctor", "--json").out) as readonly {
      readonly name: string;
      readonly state: string;
      readonly remedy?: string;
    }[];
    const ids = points.find(({ name }) => name === "ids");
    assert.equal(ids?.state, "limited");
    assert.match(ids.remedy ?? "", /usermod --add-subuids/);
  });

  it("H1: says what forbids user namespaces, with exit code 1", async () => {
    using user = otherUser();
    const { code, out } = await withoutNamespaces(user, [DECANT, "doctor"]);
    assert.equal(code, 1);
    assert.match(
      out,
      /^MISSING {2}RUN: .*COPY, ADD and distroless bases work all the same\n +→ As root: sysctl -w user\.max_user_namespaces=15000$/m,
    );
  });
});

function processesWith(word: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").includes(word);
    } catch {
      return false;
    }
  });
}
