/** Source policies (F136) of BuildKit's JSON: what a build fetches is allowed, denied or converted before anything is asked for. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions, isDecantError, lockSources } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { commandsIn } from "../support/command.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { startServer } from "../support/server.ts";

const layer = (content: string): Buffer => tarOf([{ path: "base.txt", content }]);

function rule(action: string, identifier: string, updates?: object): object {
  return { action, selector: { identifier }, ...(updates === undefined ? {} : { updates }) };
}

/** Builds under a policy: the error, or the files of the result. */
async function built(shop: Workshop, text: string, rules: readonly object[], options: Partial<BuildOptions> = {}): Promise<string> {
  const policy = join(shop.folder, "policy.json");
  writeFileSync(policy, JSON.stringify({ rules }));
  const dest = join(shop.folder, `out${Math.random()}`);
  try {
    await shop.build(text, { sourcePolicy: policy, outputs: [{ type: "local", dest }], ...options });
    return readFileSync(join(dest, "base.txt"), "utf8");
  } catch (error) {
    if (!isDecantError(error)) throw error;
    return [error.code, error.message, ...(error.source ?? []).map(({ start }) => `line ${start.line}`)].join(" | ");
  }
}

describe("source policies of a build", { concurrency: 2 }, () => {
  it("F6: denies a base before its registry is asked, and names the line and the rule", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("base", "1", { layers: [layer("one")] });
    const name = `docker-image://${registry.host}/base:1`;
    const text = `# a base\nFROM ${registry.host}/base:1\n`;
    assert.equal(
      await built(shop, text, [rule("DENY", "docker-image://*")]),
      `SOURCE_POLICY | Cannot use source "${name}": rule 1 of "${join(shop.folder, "policy.json")}" denies it (source denied by policy) | line 2`,
    );
    assert.deepEqual(registry.log(), []);
    assert.equal(await built(shop, text, [rule("DENY", "docker-image://*"), rule("ALLOW", `${name}*`)]), "one");
  });

  it("F6: converts a base to another registry, to a digest, and by the digest that a tag has", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    const one = registry.addImage("mirror/base", "1", { layers: [layer("one")] });
    const two = registry.addImage("mirror/base", "2", { layers: [layer("two")] });
    const text = "FROM base.invalid/base:1\n";
    const to = { identifier: `docker-image://${registry.host}/mirror/\${1}` };
    assert.equal(await built(shop, text, [rule("CONVERT", "docker-image://base.invalid/*", to)]), "one");
    const pinned = { identifier: `docker-image://${registry.host}/mirror/base@${two.digest}` };
    assert.equal(await built(shop, text, [rule("CONVERT", "docker-image://base.invalid/base:1", pinned)]), "two");
    const own = `FROM ${registry.host}/mirror/base:1\n`;
    assert.equal(await built(shop, own, [rule("CONVERT", `docker-image://*@${one.digest}`, pinned)]), "two");
    assert.match(await built(shop, own, [rule("DENY", `docker-image://*@${one.digest}`)]), /^SOURCE_POLICY .*line 1$/);
    const round = [
      rule("CONVERT", `*@${one.digest}`, pinned),
      rule("CONVERT", `*@${two.digest}`, { identifier: `docker-image://${registry.host}/mirror/base:1` }),
    ];
    assert.match(await built(shop, own, round), /conversions .*do not end/);
  });

  it("F6: files get a checksum or another address; contexts and repositories are judged", async () => {
    using shop = workshop();
    shop.write({ "base.txt": "context" });
    await using server = await startServer(({ path }) => ({ body: path }));
    const text = `FROM scratch\nADD ${server.origin}/base.txt /\n`;
    const wrong = { attrs: { "http.checksum": `sha256:${"0".repeat(64)}` } };
    assert.match(await built(shop, text, [rule("CONVERT", `${server.origin}/base.txt`, wrong)]), /^CHECKSUM .*line 2$/);
    assert.equal(await built(shop, text, [rule("CONVERT", "http://*/base.txt", { identifier: "http://${1}/other" })]), "/other");
    assert.equal(await built(shop, text, [rule("DENY", "*"), rule("ALLOW", "http://*")]), "/base.txt");
    const copy = "FROM scratch\nCOPY base.txt /\n";
    assert.match(await built(shop, copy, [rule("DENY", "*")]), /^SOURCE_POLICY .*"local:\/\/context"/);
    assert.equal(await built(shop, copy, [rule("DENY", "*"), rule("ALLOW", "local://*")]), "context");
    assert.match(
      await built(shop, "FROM scratch\nADD https://git.invalid/x.git#v1 /\n", [rule("DENY", "git://git.invalid/*")]),
      /^SOURCE_POLICY .*"git:\/\/git.invalid\/x.git#v1".*line 2$/,
    );
    assert.match(await built(shop, text, [rule("DENY", "http*")], { context: `${server.origin}/x.tar` }), /^SOURCE_POLICY .*x.tar/);
    assert.match(
      await built(shop, text, [rule("DENY", "git*")], { context: "https://git.invalid/x.git" }),
      /^SOURCE_POLICY .*"git:\/\/git.invalid\/x.git"/,
    );
    const named = { buildContexts: { files: `${server.origin}/x.tar` } };
    assert.match(
      await built(shop, "FROM scratch\nCOPY --from=files / /\n", [rule("DENY", "http*")], named),
      /^SOURCE_POLICY .*x.tar.*line 2$/,
    );
    assert.match(
      await built(shop, text, [rule("CONVERT", "http*", { identifier: "docker-image://docker.io/library/a:1" })]),
      /^UNSUPPORTED .*another kind of source.*line 2$/,
    );
  });

  it("F6: a lock has what the policy gives, and a locked build is judged by it", async () => {
    using shop = workshop();
    await using registry = await startFakeRegistry();
    registry.addImage("mirror/base", "1", { layers: [layer("one")] });
    shop.write({ Dockerfile: "FROM base.invalid/base:1\n" });
    const policy = join(shop.folder, "policy.json");
    const rules = [rule("CONVERT", "docker-image://base.invalid/*", { identifier: `docker-image://${registry.host}/mirror/\${1}` })];
    writeFileSync(policy, JSON.stringify({ rules }));
    await using run = lockSources({ root: shop.root, env: { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: policy }, context: shop.context });
    assert.deepEqual(
      (await run.result).sources.map(({ name }) => name),
      [`${registry.host}/mirror/base:1`],
    );
    registry.addImage("mirror/base", "1", { layers: [layer("two")] });
    const options = { context: shop.context, file: undefined, locked: true };
    assert.equal(await built(shop, "", rules, options), "one");
    assert.match(await built(shop, "", [...rules, rule("DENY", "*@sha256:*")], options), /^SOURCE_POLICY /);
    assert.match(await built(shop, "", [], options), /^LOCK /);
  });

  it("F6: the command takes a file, or that of the environment", () => {
    using shop = workshop();
    shop.write({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
    const { decant } = commandsIn(shop.folder);
    writeFileSync(join(shop.folder, "deny.json"), JSON.stringify({ rules: [rule("DENY", "local://*")] }));
    writeFileSync(join(shop.folder, "bad.json"), '{"rules":[{"action":"DENY"}]}');
    assert.match(decant("build", "--source-policy-file", "deny.json", "context").err, /rule 1 of .*deny\.json" denies it/);
    assert.match(decant("build", "--source-policy-file", "bad.json", "context").err, /Cannot use source policy .*rules\.0\.selector/);
    assert.match(decant("build", "--source-policy-file", "none.json", "context").err, /Cannot use source policy/);
    process.env["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"] = "deny.json";
    try {
      assert.match(decant("build", "context").err, /rule 1 of .*deny\.json" denies it/);
      assert.equal(decant("build", "--source-policy-file=", "context").code, 0);
    } finally {
      delete process.env["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"];
    }
  });
});
