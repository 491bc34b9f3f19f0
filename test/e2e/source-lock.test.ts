/** `decant update` and `decant build --locked`, against a registry, a file server and git's own server. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError, lockSources, type LockSourcesOptions, type LockSourcesResult } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { startServer } from "../support/server.ts";

function layer(content: string): Buffer {
  return tarOf([{ path: "base.txt", content }]);
}

async function update(shop: Workshop, options: Partial<LockSourcesOptions> = {}): Promise<LockSourcesResult> {
  await using run = lockSources({ root: shop.root, env: {}, context: shop.context, ...options });
  return await run.result;
}

/** "+ image base:1": what changed, with the host taken off. */
function marks({ changes }: LockSourcesResult): string[] {
  return changes.map(
    ({ kind, name, before, after }) =>
      `${before === undefined ? "+" : after === undefined ? "-" : before === after ? "=" : "~"} ${kind} ${name.replace(/^(?:https?:\/\/)?[^/]+\//, "")}`,
  );
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!isDecantError(error)) throw error;
    return [error.code, error.message, error.hint, ...(error.source ?? []).map(({ start }) => `line ${start.line}`)].join(" | ");
  }
  return "no error";
}

describe("decant.lock", { concurrency: 2 }, () => {
  it("F6: pins bases, files and commits; a locked build gets them when all have moved", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    let file = "one";
    await using server = await startServer(() => ({ body: file }));
    const repo = testRepository(join(shop.folder, "repositories", "app"));
    repo.commit({ "a.txt": "one" });
    await using git = await gitServer(join(shop.folder, "repositories"));
    registry.addImage("base", "1", { layers: [layer("one")] });
    const added = `ADD ${git.url}/app.git /git/\n`;
    shop.write({
      Dockerfile: `FROM ${registry.host}/base:1 AS base\nFROM scratch AS unused\n${added.replace("app.git", "app.git#master")}FROM base\nADD ${server.origin}/f /f\n${added}`,
    });
    const dest = join(shop.folder, "out");
    const build = async (locked: boolean): Promise<string[]> => {
      rmSync(dest, { recursive: true, force: true });
      await shop.buildAs({ context: shop.context, locked, outputs: [{ type: "local", dest }] });
      return ["base.txt", "f", "git/a.txt"].map((name) => readFileSync(join(dest, name), "utf8"));
    };
    repo.git("branch", "-M", "master");
    const made = await update(shop);
    assert.deepEqual(marks(made), ["+ git app.git#HEAD", "+ git app.git#master", "+ image base:1", "+ url f"]);
    const text = readFileSync(join(shop.context, "decant.lock"), "utf8");
    assert.equal(text.split("\n").length, 11);
    assert.deepEqual(await build(true), ["one", "one", "one"]);
    const again = await update(shop);
    assert.deepEqual([again.written, again.changes, readFileSync(join(shop.context, "decant.lock"), "utf8")], [false, [], text]);

    file = "two";
    repo.commit({ "a.txt": "two" });
    registry.addImage("base", "1", { layers: [layer("two")] });
    assert.deepEqual(await build(true), ["one", "one", "one"]);
    assert.deepEqual(await build(false), ["two", "two", "two"]);
    const told = await update(shop, { write: false });
    assert.deepEqual([told.written, marks(told)], [false, ["~ git app.git#HEAD", "~ git app.git#master", "~ image base:1", "~ url f"]]);
    assert.equal(readFileSync(join(shop.context, "decant.lock"), "utf8"), text);
    await update(shop);
    assert.deepEqual(await build(true), ["two", "two", "two"]);

    // A store that never saw the old file cannot make it up.
    writeFileSync(join(shop.context, "decant.lock"), text);
    const fresh = { context: shop.context, root: join(shop.folder, "fresh"), locked: true, outputs: [{ type: "cacheonly" }] } as const;
    assert.match(await failure(shop.buildAs(fresh)), /^CHECKSUM \| Cannot use "http:\/\/127/);
  });

  it("F6: a build with --locked demands a pin, and names the line and the command", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [layer("one")] });
    const build = (text: string): Promise<string> => {
      shop.write({ Dockerfile: text });
      return failure(shop.buildAs({ context: shop.context, locked: true }));
    };
    const lock = join(shop.context, "decant.lock");
    const end = `Run: decant update ${shop.context} | line 2`;
    const base = `${registry.host}/base:1`;
    assert.equal(
      await build(`# base\nFROM ${base}\n`),
      `LOCK | Cannot take image "${base}" with --locked: there is no lock "${lock}" | ${end}`,
    );
    assert.deepEqual(registry.log(), []);
    await update(shop);
    assert.equal(await build(`# base\nFROM ${base}\n`), "no error");
    assert.equal(
      await build(`FROM ${base}\nADD https://files.invalid/x /\n`),
      `LOCK | Cannot take url "https://files.invalid/x" with --locked: the lock "${lock}" does not have it | ${end}`,
    );
    assert.equal(await build("FROM scratch\nLABEL a=b\n"), "no error");
    writeFileSync(lock, "{}");
    assert.match(await build(`FROM ${base}\n`), /^LOCK \| Cannot use lock/);
    rmSync(lock);
    symlinkSync("/etc/passwd", lock);
    assert.match(await build(`FROM ${base}\n`), /^LOCK \| /);
  });

  it("F6: what the Dockerfile pins is not locked, and platforms add to pins", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    await using server = await startServer(({ path }) => ({ body: path }));
    const { digest } = registry.addImage("base", "1", { layers: [layer("one")] });
    shop.write({
      Dockerfile: `FROM ${registry.host}/base@${digest} AS pinned\nFROM scratch\nARG TARGETARCH\nADD ${server.origin}/$TARGETARCH /f\n`,
    });
    const one = await update(shop, { platforms: ["linux/amd64"] });
    assert.deepEqual(marks(one), ["+ url amd64"]);
    const both = await update(shop, { platforms: ["linux/amd64", "linux/arm64"] });
    assert.deepEqual(marks(both), ["+ url arm64"]);
    assert.deepEqual((await update(shop)).changes, []);
    assert.deepEqual(
      both.sources.map(({ platforms }) => platforms),
      [["linux/amd64"], ["linux/arm64"]],
    );
    assert.deepEqual(marks(await update(shop, { platforms: ["linux/arm64"] })), ["- url amd64"]);
  });

  it("F6: the command writes the lock of a file by its name, and with --check only tells", () => {
    using shop = workshop();
    shop.write({ "api.Dockerfile": "FROM scratch\nLABEL a=b\n" });
    const { decant } = commandsIn(shop.folder);
    const lock = join(shop.context, "api.Dockerfile.decant.lock");
    const args = ["update", "-f", "context/api.Dockerfile", "context"] as const;
    assert.equal(decant(...args, "--check").code, 0);
    assert.equal(existsSync(lock), false);
    assert.equal(decant(...args).out, `Wrote ${lock}: 0 sources`);
    assert.equal(decant(...args).out, `${lock} is up to date: 0 sources`);
    const json: { readonly sources: unknown } = JSON.parse(decant(...args, "--format=json").out);
    assert.deepEqual(json.sources, []);
    assert.match(decant("update", "-f", "context/none", "context").err, /Cannot read Dockerfile/);
  });
});
