/**
 * R1: what a build sends to where its files and repositories have moved. Git itself would send the header of the first address there, too.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type BuildOptions, isDecantError } from "../../src/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { type GitServer, gitServer, testRepository, type TestRepository } from "../support/git-server.ts";
import { type Manners, startStranger, type StrangerReply } from "../support/stranger.ts";

const TOKEN = "s3cret-word";
const PASSWORD = `x-access-token:${TOKEN}`;
const secrets = [{ id: "GIT_AUTH_TOKEN", value: TOKEN }];
const CERTIFICATE = fileURLToPath(new URL("../support/testdata/localhost.crt", import.meta.url));

function repository(shop: Workshop, name: string, text: string): TestRepository {
  const repo = testRepository(join(shop.folder, "repositories", name));
  repo.commit({ "a.txt": text });
  return repo;
}

function addSubmodule(repo: TestRepository, url: string, commit: string): void {
  repo.commit({ ".gitmodules": `[submodule "lib"]\n\tpath = lib\n\turl = ${url}\n` });
  repo.git("update-index", "--add", "--cacheinfo", `160000,${commit},lib`);
  repo.git("commit", "-q", "-m", "submodule");
}

const root = (shop: Workshop): string => join(shop.folder, "repositories");
const withPassword = (url: string): string => url.replace("//", `//${PASSWORD}@`);

/** Builds `ADD url /` and gives the files. */
async function add(shop: Workshop, url: string, options: Partial<BuildOptions> = {}): Promise<(name: string) => string | undefined> {
  const dest = join(shop.folder, `out${Math.random()}`);
  await shop.build(`FROM scratch\nADD ${url} /`, { ...options, outputs: [{ type: "local", dest }] });
  return (name) => (existsSync(join(dest, name)) ? readFileSync(join(dest, name), "utf8") : undefined);
}

/** What the failure says, and its hint. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isDecantError(error, "GIT_SOURCE"), String(error));
  const said = `${error.message} | ${error.hint ?? ""}`;
  assert.doesNotMatch(said + JSON.stringify(error.details), new RegExp(TOKEN));
  return said;
}

const sent = ({ authorizations }: GitServer): boolean[] => authorizations.map((header) => header !== undefined);
/** From /old.git to the same of /app.git at `origin`. */
const movedTo =
  (origin = ""): ((path: string) => string | undefined) =>
  (path) =>
    path.startsWith("/old.git") ? origin + path.replace("/old.git", "/app.git") : undefined;

describe("R1: files of URLs", () => {
  it("get a token for their own host alone: ADD, contexts, named contexts, Dockerfiles", async () => {
    using shop = workshop();
    shop.write({ a: "context" });
    const dockerfile = "FROM scratch\nLABEL a=b";
    const options = { secrets: [{ id: "HTTP_AUTH_TOKEN_127.0.0.1", value: TOKEN }], root: shop.root };
    const uses: readonly ((url: string) => Promise<unknown>)[] = [
      (url) => shop.build(`FROM scratch\nADD ${url} /`, options),
      (url) => shop.buildAs({ context: url, ...options }),
      (url) => shop.buildAs({ context: shop.context, file: url, ...options }),
      (url) => shop.build("FROM scratch\nCOPY --from=named / /", { ...options, buildContexts: { named: url } }),
    ];
    for (const manners of [(): StrangerReply => ({ body: dockerfile }), "bearer", "basic"] as const) {
      await using stranger = await startStranger(manners);
      await using first = await startStranger(() => ({ status: 302, headers: { location: `${stranger.origin}/new` } }));
      for (const use of uses) {
        const error = await use(`${first.origin}/old`).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (typeof manners === "string") assert.match(String(error), /where it leads, answered 401/);
      }
      assert.equal(first.leaks(TOKEN).length, uses.length);
      assert.deepEqual(
        stranger.log(),
        uses.map(() => "GET /new"),
      );
      assert.deepEqual(stranger.leaks(TOKEN), []);
    }
  });
});

describe("R1: git repositories that have moved to another host", () => {
  for (const login of ["a token", "a password of the URL"] as const) {
    it(`are fetched there without ${login}`, async () => {
      using shop = workshop();
      const repo = repository(shop, "app", "one");
      await using second = await gitServer(root(shop));
      await using first = await gitServer(root(shop), { password: PASSWORD, moved: movedTo(second.url) });
      const url = `${login === "a token" ? first.url : withPassword(first.url)}/old.git`;
      const options = login === "a token" ? { secrets } : {};
      assert.equal((await add(shop, `${url}#main`, options))("a.txt"), "one");
      assert.ok(second.requests.includes("POST /app.git/git-upload-pack"));
      assert.ok(sent(first).every(Boolean), sent(first).join());
      assert.ok(!sent(second).some(Boolean), sent(second).join());
      const commit = repo.commit({ "a.txt": "two" });
      assert.equal((await add(shop, `${url}#${commit}`, options))("a.txt"), "two");
      assert.ok(!sent(second).some(Boolean), sent(second).join());
    });
  }

  const strangers: readonly { readonly name: string; readonly manners: Manners }[] = [
    { name: "asks for a password", manners: "basic" },
    { name: "asks for a token", manners: "bearer" },
    {
      name: "answers, and asks later",
      manners: ({ method }) =>
        method === "GET"
          ? {
              headers: { "content-type": "application/x-git-upload-pack-advertisement" },
              body: "001e# service=git-upload-pack\n0000000eversion 2\n000cls-refs\n0000",
            }
          : { status: 401, headers: { "www-authenticate": "Basic" } },
    },
  ];
  for (const { name, manners } of strangers) {
    it(`fail where that one ${name}`, async () => {
      using shop = workshop();
      await using stranger = await startStranger(manners);
      await using first = await gitServer(root(shop), { password: PASSWORD, moved: movedTo(stranger.origin) });
      for (const [url, options] of [
        [`${first.url}/old.git`, { secrets }],
        [`${withPassword(first.url)}/old.git`, {}],
      ] as const) {
        const said = await failure(add(shop, url, options));
        assert.match(
          said,
          /\| The server redirects to "http:\/\/127\.0\.0\.1:\d+\/app\.git"\. Decant does not send credentials for "[^"]+" there/,
        );
      }
      assert.ok(stranger.heard.length > 0);
      assert.deepEqual(stranger.leaks(TOKEN), []);
    });
  }

  it("may not go from https to http, with credentials or without", async () => {
    using shop = workshop();
    repository(shop, "app", "one");
    await using plain = await gitServer(root(shop));
    await using first = await startStranger(({ path }) => ({ status: 302, headers: { location: plain.url + path } }));
    const env = { GIT_SSL_CAINFO: CERTIFICATE, PATH: process.env["PATH"] };
    const said = await failure(add(shop, `${first.secureOrigin}/app.git`, { secrets, env }));
    assert.match(said, /\| The server redirects: it leads from https to plain http on "127/);
    assert.match(
      await failure(add(shop, `${first.secureOrigin}/app.git`, { env })),
      /Protocol "http" (?:not supported|disabled).* \| The server redirects from https to plain http/,
    );
    assert.deepEqual(plain.requests, []);
    assert.ok(first.heard.length > 0);
  });
});

describe("R1: git repositories that have moved on their host", () => {
  it("are fetched with the credentials, by name and by commit, after several moves", async () => {
    using shop = workshop();
    const repo = repository(shop, "app", "one");
    const moved = (path: string): string | undefined =>
      movedTo()(path) ?? (path.startsWith("/older.git") ? path.replace("/older.git", "/old.git") : undefined);
    await using server = await gitServer(root(shop), { password: PASSWORD, moved });
    const commit = repo.git("rev-parse", "HEAD");
    assert.equal((await add(shop, `${server.url}/older.git#${commit}`, { secrets }))("a.txt"), "one");
    assert.equal((await add(shop, `${withPassword(server.url)}/older.git#main`))("a.txt"), "one");
    repo.commit({ "a.txt": "two" });
    assert.equal((await add(shop, `${server.url}/old.git`, { secrets }))("a.txt"), "two");
    assert.ok(sent(server).every(Boolean), sent(server).join());
  });

  it("may be submodules; those elsewhere get no credentials", async () => {
    using shop = workshop();
    const lib = repository(shop, "app", "lib");
    const commit = lib.git("rev-parse", "HEAD");
    addSubmodule(repository(shop, "near", "near"), "../old.git", commit);
    await using second = await gitServer(root(shop));
    let away = "";
    const moved = (path: string): string | undefined => movedTo(away)(path);
    await using server = await gitServer(root(shop), { password: PASSWORD, moved });
    assert.equal((await add(shop, `${withPassword(server.url)}/near.git`))("lib/a.txt"), "lib");
    away = second.url;
    addSubmodule(repository(shop, "far", "far"), "../old.git", commit);
    assert.equal((await add(shop, `${withPassword(server.url)}/far.git`))("lib/a.txt"), "lib");
    assert.ok(sent(server).every(Boolean), sent(server).join());
    assert.ok(!sent(second).some(Boolean), sent(second).join());
  });

  it("fail where they lead to no repository, or in a circle", async () => {
    using shop = workshop();
    await using server = await gitServer(root(shop), {
      password: PASSWORD,
      moved: (path) =>
        path.startsWith("/a.git") ? "/login?next=a" : path.replace(/^\/(?:b|c)\.git/, (name) => (name === "/b.git" ? "/c.git" : "/b.git")),
    });
    const said = await failure(add(shop, `${server.url}/a.git`, { secrets }));
    assert.match(said, /returned error: 301 \| The server redirects: it leads to "[^"]+", to no git repository/);
    assert.match(await failure(add(shop, `${server.url}/b.git`, { secrets })), /returned error: 301/);
  });

  it("are followed by git itself where there is nothing to lose", async () => {
    using shop = workshop();
    repository(shop, "app", "one");
    await using server = await gitServer(root(shop), { moved: movedTo() });
    assert.equal((await add(shop, `${server.url}/old.git`))("a.txt"), "one");
    assert.equal(server.requests.filter((line) => line.includes("/old.git/info")).length, 2);
  });
});

it("R1: git does not look for the user's .netrc, not even for submodules over http of a repository over ssh", async () => {
  using shop = workshop();
  const commit = repository(shop, "lib", "lib").git("rev-parse", "HEAD");
  await using server = await gitServer(root(shop), { password: "me:of-the-user" });
  addSubmodule(repository(shop, "app", "one"), `${server.url}/lib.git`, commit);
  const bin = join(shop.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(shop.folder, ".netrc"), "machine 127.0.0.1\nlogin me\npassword of-the-user\n");
  const ssh = `#!/bin/sh\nfor command; do :; done\ncd ${root(shop)} && HOME=/nowhere GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' exec sh -c "$command"\n`;
  writeFileSync(join(bin, "ssh"), ssh, { mode: 0o755 });
  const env = { HOME: shop.folder, PATH: `${bin}:${process.env["PATH"]}` };
  const agentless = { env, context: `git@host.example:${join(root(shop), "app")}` };
  await failure(shop.buildAs(agentless));
  await failure(add(shop, `${server.url}/lib.git`, { env }));
  assert.ok(server.requests.length > 0);
  assert.ok(!sent(server).some(Boolean), sent(server).join());
});
