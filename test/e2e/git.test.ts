/** ADD of git references (F35, F36, rule S92), against git's own server on loopback. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, type ErrorCode, isDecantError } from "../../src/index.ts";
import { holds, workshop, type Workshop } from "../support/build.ts";
import { gitServer, testRepository, type TestRepository } from "../support/git-server.ts";

interface Bench {
  readonly shop: Workshop;
  readonly repo: TestRepository;
  readonly root: string;
}

function bench(shop: Workshop): Bench {
  const root = join(shop.folder, "repositories");
  const repo = testRepository(join(root, "app"));
  repo.commit({ "a.txt": "one", "run.sh": "#!/bin/sh\n", "docs/page.md": "page", ".gitattributes": "docs export-ignore\n" });
  repo.git("tag", "-a", "v1", "-m", "one");
  return { shop, repo, root };
}

async function build(shop: Workshop, dockerfile: string): Promise<(name: string) => string | undefined> {
  const dest = join(shop.folder, `out${Math.random()}`);
  await shop.build(dockerfile, { outputs: [{ type: "local", dest }] });
  return (name) => (existsSync(join(dest, name)) ? readFileSync(join(dest, name), "utf8") : undefined);
}

const failsWith =
  (code: ErrorCode, message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(isDecantError(error, code), String(error));
    assert.match(error.message, message);
    return true;
  };

describe("ADD of git references", () => {
  it("S92: takes branch, tag, commit and subdirectory; files are 0644 or 0755", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    const first = repo.git("rev-parse", "HEAD");
    repo.commit({ "a.txt": "two" });
    repo.git("branch", "dev");
    repo.commit({ "a.txt": "three" });
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const dest = join(shop.folder, "out");
    await shop.build(
      `FROM scratch\nADD ${url} /head/\nADD ${url}#v1 /tag/\nADD ${url}#dev /branch\nADD ${url}?ref=${first} /commit\nADD ${url}?tag=v1&subdir=docs /docs`,
      { outputs: [{ type: "local", dest }] },
    );
    const read = (name: string): string => readFileSync(join(dest, name), "utf8");
    assert.deepEqual(["head/a.txt", "tag/a.txt", "branch/a.txt", "commit/a.txt", "docs/page.md"].map(read), [
      "three",
      "one",
      "two",
      "one",
      "page",
    ]);
    assert.deepEqual(
      ["head/a.txt", "head/run.sh", "head/docs"].map((name) => statSync(join(dest, name)).mode & 0o7777),
      [0o644, 0o755, 0o755],
    );
    assert.equal(existsSync(join(dest, "head/.git")), false);
  });

  it("asks one question for a branch that has not moved, and none for a commit", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const commit = repo.git("rev-parse", "HEAD");
    await shop.build(`FROM scratch\nADD ${url}#main /`);
    server.requests.splice(0);
    await shop.build(`FROM scratch\nADD ${url}#${commit} /`);
    assert.equal(server.requests.length, 0);
    const { result } = await shop.build(`FROM scratch\nADD ${url}#main /`);
    assert.equal(result.executed, 0);
    assert.ok(server.requests.length <= 2, server.requests.join());
    repo.commit({ "a.txt": "new" });
    assert.equal((await shop.build(`FROM scratch\nADD ${url}#main /`)).result.executed, 1);
  });

  it("works with a server of plain files, which has no shallow fetches", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    const first = repo.git("rev-parse", "HEAD");
    repo.commit({ "a.txt": "two" });
    repo.git("update-server-info");
    await using server = await gitServer(root, { dumb: true });
    const read = await build(shop, `FROM scratch\nADD ${server.url}/app.git /a\nADD ${server.url}/app.git#${first} /b`);
    assert.deepEqual([read("a/a.txt"), read("b/a.txt")], ["two", "one"]);
  });

  it("S92: keeps .git when asked, by flag and by query", async () => {
    using shop = workshop();
    const { root, repo } = bench(shop);
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const read = await build(
      shop,
      `FROM scratch\nADD --keep-git-dir=true ${url} /a\nADD ${url}?keep-git-dir=1 /b\nADD --keep-git-dir=false ${url} /c`,
    );
    const commit = `${repo.git("rev-parse", "HEAD")}\n`;
    assert.deepEqual([read("a/.git/HEAD"), read("b/.git/HEAD"), read("c/.git/HEAD")], [commit, commit, undefined]);
    assert.match(read("a/.git/config") ?? "", /app\.git/);
    assert.deepEqual([read("a/.git/FETCH_HEAD"), read("a/.git/logs/HEAD")], [undefined, undefined]);
  });

  it("L9: BUILDKIT_GIT_DEBUG_COMMANDS shows the commands of git in the step that needs them, without passwords", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root);
    const url = `${server.url.replace("//", "//me:s3cret-word@")}/app.git`;
    const logOf = async (buildArgs: Readonly<Record<string, string>>, context: string): Promise<string> => {
      const dockerfile = context === shop.context ? `FROM scratch\nADD ${url} /` : "FROM scratch\nLABEL a=b";
      const { events } = await shop.build(dockerfile, { buildArgs, context, noCache: true });
      return events.flatMap((event) => (event.type === "log" ? [event.data] : [])).join("");
    };
    for (const context of [shop.context, url]) {
      assert.equal(await logOf({ BUILDKIT_GIT_DEBUG_COMMANDS: "0" }, context), "");
      const log = await logOf({ BUILDKIT_GIT_DEBUG_COMMANDS: "true" }, context);
      assert.match(log, /^git ls-remote .*app\.git/m);
      assert.doesNotMatch(log, /s3cret-word/);
    }
  });

  it("L3: a .git that is kept has the name that was asked for, with its tag object, one commit deep", async () => {
    using shop = workshop();
    const { root, repo } = bench(shop);
    const [commit, tag] = ["HEAD", "v1"].map((name) => repo.git("rev-parse", name));
    repo.commit({ "a.txt": "two" });
    repo.git("branch", "dev");
    const second = repo.git("rev-parse", "HEAD");
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const dest = join(shop.folder, "out");
    const rows: readonly (readonly [place: string, refs: Readonly<Record<string, string | undefined>>, described: string])[] = [
      ["", { "refs/heads/main": second }, "heads/main"],
      ["#dev", { "refs/heads/dev": second }, "heads/dev"],
      ["#v1", { "refs/tags/v1": tag }, "v1"],
      ["?tag=v1", { "refs/tags/v1": tag }, "v1"],
      [`#${commit}`, {}, ""],
      [`?ref=old&checksum=${commit}&fetch-by-commit=1`, { "refs/heads/old": commit }, "heads/old"],
    ];
    const adds = rows.map(([place], at) => `ADD --keep-git-dir ${url}${place} /${at}`);
    await shop.build(`FROM scratch\n${adds.join("\n")}`, { outputs: [{ type: "local", dest }] });
    for (const [at, [place, refs, described]] of rows.entries()) {
      const git = (...args: readonly string[]): string =>
        execFileSync("git", ["-c", "safe.directory=*", ...args], { cwd: join(dest, String(at)), encoding: "utf8" }).trim();
      const listed = git("for-each-ref", "--format=%(refname) %(objectname)");
      const wanted = Object.entries(refs).map(([name, id]) => `${name} ${id}`);
      assert.equal(listed, wanted.join("\n"), place);
      if (described !== "") assert.equal(git("describe", "--all", "--exact-match"), described.replace(/^v1$/, "tags/v1"), place);
      assert.equal(git("rev-list", "--count", "HEAD"), "1", place);
      assert.equal(git("status", "--porcelain"), "", place);
      assert.equal(git("remote", "get-url", "origin"), url);
    }
    const described = execFileSync("git", ["-c", "safe.directory=*", "describe", "--tags"], { cwd: join(dest, "2"), encoding: "utf8" });
    assert.equal(described, "v1\n");
  });

  it("L3: --keep-git-dir keeps none of a folder, and must fit the reference", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const read = await build(shop, `FROM scratch\nADD --keep-git-dir ${url}#:docs /`);
    assert.deepEqual([read("page.md"), read(".git/HEAD")], ["page", undefined]);
    await assert.rejects(
      shop.build(`FROM scratch\nADD --keep-git-dir=false ${url}?keep-git-dir=1 /`),
      failsWith("DOCKERFILE_SEMANTIC", /inconsistent keep-git-dir configuration/),
    );
  });

  it("L3: takes files' times of the commit only for contexts: ?mtime=commit, or a build argument SOURCE_DATE_EPOCH", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    repo.commit({ Dockerfile: "FROM scratch\nCOPY a.txt /" }, 1_500_000_000);
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const timeOf = async (
      context: string,
      buildArgs: Readonly<Record<string, string>> = {},
      env: Readonly<Record<string, string>> = {},
    ): Promise<number> => {
      const dest = join(shop.folder, `out${Math.random()}`);
      const outputs = [{ type: "local", dest, sourceDateEpoch: "none" }] as const;
      // Times are in no key: the first one would be found again.
      await shop.buildAs({ context, buildArgs, noCache: true, env: { ...process.env, ...env }, outputs });
      return statSync(join(dest, "a.txt")).mtimeMs / 1000;
    };
    const epoch = { SOURCE_DATE_EPOCH: "1600000000" };
    assert.equal(await timeOf(`${url}?mtime=commit`), 1_500_000_000);
    assert.ok((await timeOf(url)) > 1_700_000_000);
    assert.equal(await timeOf(url, epoch), 1_500_000_000);
    assert.equal(await timeOf(url, {}, epoch), 1_500_000_000);
    assert.ok((await timeOf(`${url}?mtime=checkout`, epoch)) > 1_700_000_000);
    const dest = join(shop.folder, "out");
    await shop.build(`FROM scratch\nADD ${url}?mtime=commit /`, { outputs: [{ type: "local", dest }] });
    assert.ok(statSync(join(dest, "a.txt")).mtimeMs / 1000 > 1_700_000_000);
  });

  it("L3: refuses what BuildKit refuses: #HEAD, a checksum in upper case, a folder through a symlink", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    symlinkSync("docs", join(repo.path, "link"));
    const commit = repo.commit({});
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}#HEAD /`), failsWith("GIT_SOURCE", /no such branch or tag/));
    await assert.rejects(
      shop.build(`FROM scratch\nADD --checksum=${commit.toUpperCase()} ${url} /`),
      failsWith("CHECKSUM", /expected checksum to match/),
    );
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}#:link /`), failsWith("GIT_SOURCE", /"\/link" is not a directory/));
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}#:none /`), failsWith("GIT_SOURCE", /"\/none" is not there/));
  });

  it("L6: compatibility-version 10 has the modes of its time", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root);
    const dest = join(shop.folder, "out");
    await shop.build(`FROM scratch\nADD ${server.url}/app.git /`, { compatibilityVersion: 10, outputs: [{ type: "local", dest }] });
    assert.deepEqual(
      ["a.txt", "run.sh", "docs"].map((name) => statSync(join(dest, name)).mode & 0o7777),
      [0o666, 0o755, 0o755],
    );
  });

  it("checks --checksum and its query form", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    const commit = repo.git("rev-parse", "HEAD");
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const read = await build(
      shop,
      `FROM scratch\nADD --checksum=${commit.slice(0, 12)} ${url}#main /a\nADD ${url}?branch=main&checksum=${commit} /b`,
    );
    assert.deepEqual([read("a/a.txt"), read("b/a.txt")], ["one", "one"]);
    await assert.rejects(
      shop.build(`FROM scratch\nADD --checksum=abcdef0 ${url}#main /`),
      failsWith("CHECKSUM", /expected checksum to match/),
    );
    repo.commit({ "a.txt": "moved" });
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}?checksum=${commit} /`), failsWith("CHECKSUM", /HEAD is commit/));
    const fetched = await build(shop, `FROM scratch\nADD ${url}?branch=main&checksum=${commit}&fetch-by-commit=true /`);
    assert.equal(fetched("a.txt"), "one");
  });

  it("fetches submodules, also by relative URLs, unless told not to; never from this machine's files", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    const lib = testRepository(join(root, "lib"));
    lib.commit({ "lib.txt": "lib" });
    const id = lib.git("rev-parse", "HEAD");
    repo.commit({ ".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n' });
    repo.git("update-index", "--add", "--cacheinfo", `160000,${id},lib`);
    repo.git("commit", "-q", "-m", "submodule");
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const read = await build(shop, `FROM scratch\nADD ${url} /with\nADD ${url}?submodules=false /without`);
    assert.deepEqual([read("with/lib/lib.txt"), read("with/lib/.git"), read("without/lib/lib.txt")], ["lib", undefined, undefined]);
    const kept = await build(shop, `FROM scratch\nADD --keep-git-dir ${url} /`);
    assert.deepEqual([kept("lib/lib.txt"), kept("lib/.git")], ["lib", "gitdir: ../.git/modules/lib\n"]);

    const evil = testRepository(join(root, "evil"));
    evil.commit({ ".gitmodules": `[submodule "lib"]\n\tpath = lib\n\turl = ${lib.path}\n` });
    evil.git("update-index", "--add", "--cacheinfo", `160000,${id},lib`);
    evil.git("commit", "-q", "-m", "submodule");
    await assert.rejects(shop.build(`FROM scratch\nADD ${server.url}/evil.git /`), failsWith("GIT_SOURCE", /not allowed/));
  });

  it("never leaves the repository: symlinks stay symlinks, also as subdirectory", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    mkdirSync(join(repo.path, "x"));
    symlinkSync("/etc", join(repo.path, "x/etc"));
    symlinkSync("../docs", join(repo.path, "x/docs"));
    repo.commit({});
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    const dest = join(shop.folder, "out");
    await shop.build(`FROM scratch\nADD ${url} /a/`, { outputs: [{ type: "local", dest }] });
    assert.equal(readlinkSync(join(dest, "a/x/etc")), "/etc");
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}#:x/etc /c/`), failsWith("GIT_SOURCE", /not a directory/));
  });

  it("sends a password to its server only, and shows it nowhere", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root, { password: "me:geheim" });
    const url = server.url.replace("//", "//me:geheim@");
    const read = await build(shop, `FROM scratch\nADD --keep-git-dir ${url}/app.git /`);
    assert.equal(read("a.txt"), "one");
    assert.doesNotMatch(read(".git/config") ?? "", /geheim/);
    await assert.rejects(shop.build(`FROM scratch\nADD ${url.replace("me", "you")}/app.git#v1 /`), (error) => {
      assert.ok(isDecantError(error, "GIT_SOURCE"), String(error));
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  });

  it("says what is wrong, with the line", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root);
    const url = `${server.url}/app.git`;
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}#nope /`), (error) => {
      assert.ok(isDecantError(error, "GIT_SOURCE"));
      assert.match(error.message, /no such branch or tag/);
      assert.equal(error.source[0]?.start.line, 2);
      return true;
    });
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}?what=1 /`), failsWith("GIT_SOURCE", /unexpected query "what"/));
    await assert.rejects(shop.build(`FROM scratch\nCOPY ${url} /`), failsWith("DOCKERFILE_SEMANTIC", /source can't be a git ref for COPY/));
    await assert.rejects(shop.build(`FROM scratch\nADD ${server.url}/missing.git /`), failsWith("GIT_SOURCE", /not found/));
  });
});

describe("credentials in secrets (F39)", () => {
  const secretsOf = (id: string, value: string): Partial<BuildOptions> => ({ secrets: [{ id, value }] });
  const basic = (token: string): string => `x-access-token:${token}`;

  it("lets git in by GIT_AUTH_TOKEN, for ADD, contexts and named contexts; it is in no file, event or key", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    const token = `token-${process.pid}-0123456789`;
    await using server = await gitServer(root, { password: basic(token) });
    const url = `${server.url}/app.git`;
    const options = secretsOf("GIT_AUTH_TOKEN", `${token}\n`);
    const dest = join(shop.folder, "out");
    const text = `FROM scratch\nADD --keep-git-dir ${url} /a\nCOPY --from=named a.txt /b.txt`;
    const { events } = await shop.build(text, { ...options, buildContexts: { named: url }, outputs: [{ type: "local", dest }] });
    assert.deepEqual([readFileSync(join(dest, "a/a.txt"), "utf8"), readFileSync(join(dest, "b.txt"), "utf8")], ["one", "one"]);
    repo.commit({ Dockerfile: "FROM scratch\nCOPY a.txt /c.txt" });
    await shop.buildAs({ context: url, ...options, outputs: [{ type: "local", dest }] });
    assert.equal(readFileSync(join(dest, "c.txt"), "utf8"), "one");
    const encoded = Buffer.from(basic(token)).toString("base64");
    for (const value of [token, encoded]) {
      assert.deepEqual([holds(shop.root, value), holds(dest, value)], [[], []]);
      assert.equal(JSON.stringify(events).includes(value), false);
    }
    await shop.build(text, { ...secretsOf("GIT_AUTH_HEADER", `Basic ${encoded}`), buildContexts: { named: url } });
  });

  it("keeps a secret of one host from another, and a wrong one out of the error", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    await using server = await gitServer(root, { password: basic("right") });
    const text = `FROM scratch\nADD ${server.url}/app.git /`;
    const host = server.url.slice("http://".length);
    await assert.rejects(shop.build(text, secretsOf("GIT_AUTH_TOKEN.elsewhere", "right")), failsWith("GIT_SOURCE", /./));
    await assert.rejects(shop.build(text, secretsOf("GIT_AUTH_TOKEN", "geheim")), (error) => {
      assert.ok(isDecantError(error, "GIT_SOURCE"), String(error));
      assert.doesNotMatch(JSON.stringify([error.message, error.hint, error.details]), /geheim|Z2VoZWlt/);
      return true;
    });
    await shop.build(text, {
      secrets: [
        { id: "GIT_AUTH_TOKEN", value: "wrong" },
        { id: `GIT_AUTH_TOKEN.${host}`, value: "right" },
      ],
    });
  });

  it("lets ADD of a URL, and contexts and Dockerfiles of URLs, in by HTTP_AUTH_TOKEN_<host>; not where they are redirected to", async () => {
    using shop = workshop();
    const heard: string[] = [];
    const serve = async (answer: (path: string, authorization: string | undefined) => [number, string]): Promise<Server> => {
      const server = createServer((request, response) => {
        const [status, text] = answer(request.url ?? "", request.headers.authorization);
        response.writeHead(status, status === 302 ? { location: text } : {}).end(text);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    };
    const urlOf = (server: Server): string => {
      const address = server.address();
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    };
    await using other = await serve((path, authorization) => {
      heard.push(`${path} ${authorization}`);
      return [200, "elsewhere"];
    });
    await using server = await serve((path, authorization) => {
      if (authorization !== "Bearer geheim") return [401, "who are you?"];
      if (path === "/moved") return [302, `${urlOf(other)}/new`];
      return [200, path === "/Dockerfile" ? "FROM scratch\nLABEL a=b" : "file"];
    });
    const url = urlOf(server);
    const options = secretsOf("HTTP_AUTH_TOKEN_127.0.0.1", "geheim");
    const dest = join(shop.folder, "out");
    await shop.build(`FROM scratch\nADD ${url}/file ${url}/moved /`, { ...options, outputs: [{ type: "local", dest }] });
    assert.deepEqual(
      ["file", "moved"].map((name) => readFileSync(join(dest, name), "utf8")),
      ["file", "elsewhere"],
    );
    assert.deepEqual(heard, ["/new undefined"]);
    await shop.buildAs({ context: `${url}/Dockerfile`, ...options });
    await shop.buildAs({ context: shop.context, file: `${url}/Dockerfile`, ...options });
    await assert.rejects(shop.build(`FROM scratch\nADD ${url}/other /`), failsWith("HTTP_SOURCE", /the server answered 401/));
  });
});

describe("git over ssh (F35)", () => {
  /** A program "ssh" that notes its words and the agent's keys, and runs what it is told to here, as git's server. */
  function fakeSsh(shop: Workshop, root: string): { readonly env: NodeJS.ProcessEnv; said(): string } {
    const bin = join(shop.folder, "bin");
    const log = join(shop.folder, "ssh.log");
    mkdirSync(bin);
    const script = `#!/bin/sh
{ printf '%s\\n' "$@" | sed '$d'; SSH_AUTH_SOCK=$SSH_AUTH_SOCK ssh-add -L; } >> ${log} 2>&1
for command; do :; done
cd ${root} && GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' exec sh -c "$command"
`;
    writeFileSync(join(bin, "ssh"), script, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env["PATH"]}` };
    return { env, said: () => (existsSync(log) ? readFileSync(log, "utf8") : "") };
  }

  it("fetches ADD with the keys of --ssh, and none of the user's own", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    const key = join(shop.folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const ssh = fakeSsh(shop, root);
    const dest = join(shop.folder, "out");
    const given = { env: ssh.env, ssh: [{ id: "default", paths: [key] }] };
    await shop.build(`FROM scratch\nADD git@example:app/.git#main /a\nADD ssh://git@example:23${root}/app/.git?tag=v1 /b`, {
      ...given,
      outputs: [{ type: "local", dest }],
    });
    assert.deepEqual([readFileSync(join(dest, "a/a.txt"), "utf8"), readFileSync(join(dest, "b/a.txt"), "utf8")], ["one", "one"]);
    const said = ssh.said();
    assert.match(said, /^-F\/dev\/null\n-oIdentityFile=none\n-oBatchMode=yes\n-oStrictHostKeyChecking=accept-new\n/);
    assert.match(said, new RegExp(RegExp.escape(readFileSync(`${key}.pub`, "utf8").split(" ")[1] ?? "none")));
    assert.equal((await shop.build("FROM scratch\nADD git@example:app/.git#main /a", given)).result.executed, 0);
  });

  it("says what to do about a host that nobody knows", async () => {
    using shop = workshop();
    const bin = join(shop.folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "ssh"), "#!/bin/sh\necho 'Host key verification failed.' >&2; exit 255\n", { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env["PATH"]}` };
    await assert.rejects(shop.buildAs({ context: "git@example:app/.git", env }), (error) => {
      assert.ok(isDecantError(error, "GIT_SOURCE"), String(error));
      assert.match(`${error.message} ${error.hint}`, /Host key verification failed.*ssh-keyscan/);
      return true;
    });
  });

  it("wants --ssh for ADD, and says so with the line", async () => {
    using shop = workshop();
    const { root } = bench(shop);
    const ssh = fakeSsh(shop, root);
    await assert.rejects(shop.build("FROM scratch\nADD git@example:app/.git /a", { env: ssh.env }), (error) => {
      assert.ok(isDecantError(error, "GIT_SOURCE"), String(error));
      assert.match(`${error.message} ${error.hint}`, /there is no SSH agent "default".*--ssh default/);
      assert.equal(error.source[0]?.start.line, 2);
      return true;
    });
    assert.equal(ssh.said(), "");
  });

  it("fetches contexts with the user's own ssh, and with the keys of --ssh where they are given", async () => {
    using shop = workshop();
    const { repo, root } = bench(shop);
    repo.commit({ Dockerfile: "FROM scratch\nCOPY --from=named a.txt /" });
    const ssh = fakeSsh(shop, root);
    const options = { context: "git@example:app/.git", buildContexts: { named: `ssh://git@example${root}/app/.git` }, env: ssh.env };
    await shop.buildAs(options);
    assert.match(ssh.said(), /^-oBatchMode=yes\n(?!-oStrict)/);
    assert.doesNotMatch(ssh.said(), /ssh-ed25519|\/dev\/null/);
    const key = join(shop.folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    repo.commit({ "a.txt": "two" });
    await shop.buildAs({ ...options, ssh: [{ id: "default", paths: [key] }] });
    assert.match(ssh.said(), /-oBatchMode=yes\n-oStrictHostKeyChecking=accept-new\n[^]*ssh-ed25519/);
  });
});
