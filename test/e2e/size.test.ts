/** G9: where the bytes of a build are: the line after it, and --budget. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

const MB = 1_000_000;

async function build(shop: Workshop, text: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly err: string }> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, text);
  const env = { ...process.env, DECANT_ROOT: shop.root };
  const argv = [DECANT, "build", "--progress", "plain", "-f", file, ...args, shop.context];
  const { exitCode, stderr } = await runProcess({ argv, env, cwd: shop.folder });
  return { code: exitCode, err: stderr.toString() };
}

function sizeLine({ err }: { readonly err: string }): string | undefined {
  return /^=> size .*$/m.exec(err)?.[0];
}

describe("G9: sizes", { timeout: 600_000 }, () => {
  it("G9: a build tells its size, and the change against the last one of its name and target", async () => {
    using shop = workshop();
    shop.write({ "a/big": "x".repeat(2 * MB), "b/small": "y".repeat(1000) });
    const text = "FROM scratch AS one\nCOPY a /a\nFROM one\nCOPY b /b\n";
    assert.equal(sizeLine(await build(shop, text, "-t", "app")), "=> size 2 MB");
    assert.equal(sizeLine(await build(shop, text, "-t", "app")), "=> size 2 MB (as before)");
    shop.write({ "b/more": "z".repeat(MB) });
    assert.equal(sizeLine(await build(shop, text, "-t", "app")), "=> size 3 MB (+1 MB)");
    assert.equal(sizeLine(await build(shop, text, "-t", "app", "--target", "one")), "=> size 2 MB");
    assert.equal(sizeLine(await build(shop, text, "-t", "other")), "=> size 3 MB");
    shop.write({ "b/more": "" });
    assert.equal(sizeLine(await build(shop, text, "-t", "app")), "=> size 2 MB (-1 MB)");
  });

  it("G9: --budget writes nothing above it, and names what is largest", async () => {
    using shop = workshop();
    shop.write({ "a/lib/deep/down/big": "x".repeat(2 * MB), "b/small": "y".repeat(1000) });
    const text = "FROM scratch\nCOPY a /a\nCOPY b /b\n";
    const out = join(shop.folder, "out.tar");
    const refused = await build(shop, text, "--budget", "1.5MB", "-o", `type=oci,dest=${out}`);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /ERROR: Cannot accept the image: its files have 2 MB, and the budget is 1\.5 MB\n/);
    assert.match(
      refused.err,
      /\n {2}By instruction:\n {2}- 2 MB COPY a \/a\n {2}- 1 kB COPY b \/b\n {2}By path:\n {2}- 2 MB \/a\/lib\/deep\n {2}- 1 kB \/b\/small\n/,
    );
    assert.equal(existsSync(out), false);
    assert.equal((await build(shop, text, "--budget", "2.1MB", "-o", `type=oci,dest=${out}`)).code, 0);
    assert.equal(existsSync(out), true);
    await assert.rejects(shop.build(text, { budgetBytes: 10 }), (error) => {
      assert.ok(isDecantError(error, "BUDGET"));
      assert.deepEqual(error.details["paths"], [
        { name: "/a/lib/deep", sizeBytes: 2 * MB },
        { name: "/b/small", sizeBytes: 1000 },
      ]);
      return true;
    });
  });

  it("G9: of several images, sizes and budgets say which one they mean", async () => {
    using shop = workshop();
    shop.write({ a: "12345", b: "1234567890" });
    const text = "FROM scratch AS one\nCOPY a /\nFROM scratch AS two\nCOPY b /\n";
    const { err } = await build(shop, text, "--target", "one,two", "-t", "{target}", "--platform", "linux/amd64,linux/arm64");
    assert.deepEqual(err.match(/^=> size .*$/gm), [
      "=> size one linux/amd64 5 B",
      "=> size one linux/arm64 5 B",
      "=> size two linux/amd64 10 B",
      "=> size two linux/arm64 10 B",
    ]);
    const refused = await build(shop, text, "--target", "one,two", "-t", "{target}", "--budget", "7B");
    assert.match(refused.err, /Cannot accept the image two: its files have 10 B, and the budget is 7 B/);
  });

  it("an empty --allow-secret-in does not allow every path", async () => {
    using shop = workshop();
    assert.match((await build(shop, "FROM scratch\n", "--allow-secret-in", "")).err, /Cannot use --allow-secret-in "": wanted a path/);
  });

  it("G9: a build that was refused is not what the next one is compared with", async () => {
    using shop = workshop();
    shop.write({ a: "1234567890" });
    await build(shop, "FROM scratch\nCOPY a /\n", "-t", "app");
    shop.write({ a: "12345678901234567890" });
    assert.equal((await build(shop, "FROM scratch\nCOPY a /\n", "-t", "app", "--budget", "15B")).code, 1);
    assert.equal(sizeLine(await build(shop, "FROM scratch\nCOPY a /\n", "-t", "app")), "=> size 20 B (+10 B)");
  });

  it("G9: refuses a budget that is no size", async () => {
    using shop = workshop();
    const { code, err } = await build(shop, "FROM scratch\n", "--budget", "much");
    assert.match(err, /Cannot use --budget "much": wanted a size such as 80MB or 1\.5GiB/);
    assert.notEqual(code, 0);
  });
});
