/** ADD of git references (F35, F36, rule S92), against git's own server on loopback. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type ErrorCode, isDecantError } from "../../src/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
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
  it("takes branch, tag, commit and subdirectory; files are 0644 or 0755", async () => {
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

  it("keeps .git when asked, by flag and by query", async () => {
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
    await shop.build(`FROM scratch\nADD ${url} /a/\nADD ${url}#:x/docs /b/`, { outputs: [{ type: "local", dest }] });
    assert.equal(readlinkSync(join(dest, "a/x/etc")), "/etc");
    assert.equal(readFileSync(join(dest, "b/page.md"), "utf8"), "page");
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
    await assert.rejects(shop.build(`FROM scratch\nADD git@h:x.git /`), failsWith("UNSUPPORTED", /over ssh/));
    await assert.rejects(shop.build(`FROM scratch\nADD ${server.url}/missing.git /`), failsWith("GIT_SOURCE", /not found/));
  });
});
