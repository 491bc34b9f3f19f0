/** G8: the reports of real builds and images, by the command and by the library, in a real browser. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { listBuilds, reportOf } from "../../src/index.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";
import { closeBrowser, openFile } from "./browser.ts";

const FILE = `${BUSYBOX.replace(/\n$/, "").replace(/^FROM (\S+).*$/m, "FROM $1 AS build")}
RUN mkdir /out && seq 1 2000 > /out/numbers && seq 1 9000 > /left
FROM scratch AS docs
COPY a.txt /docs
FROM scratch
COPY --from=build /out /out
COPY a.txt b.txt /
`;
const FILES = { "a.txt": "x".repeat(5000), "b.txt": "x".repeat(5000) };

async function decant(shop: Workshop, ...args: readonly string[]): Promise<{ readonly code: number; readonly err: string }> {
  const env = { ...process.env, DECANT_ROOT: shop.root };
  const { exitCode, stderr } = await runProcess({ argv: [DECANT, ...args], env, cwd: shop.context });
  return { code: exitCode, err: stderr.toString() };
}

after(closeBrowser);

describe("G8: reports", { timeout: 600_000 }, () => {
  it("G8: decant build --report shows stages, steps, layers, what was left behind and what is there twice", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ ...FILES, Dockerfile: FILE });
    const { code, err } = await decant(shop, "build", "--report", "report.html", "-t", "app", ".");
    assert.equal(code, 0, err);
    await using opened = await openFile(join(shop.context, "report.html"));
    const { page } = opened;
    assert.equal(await page.locator("h1").textContent(), "app");
    assert.match((await page.locator("#overview").textContent()) ?? "", /Build succeeded.*Stages2of 3/s);
    const nodes = await page.locator(".node").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? ""));
    assert.deepEqual(new Set(nodes), new Set(["build: ● 2 ran", "docs: not needed", "stage-2, the target: ● 2 ran"]));
    assert.match((await page.locator("#stages").textContent()) ?? "", /COPY --from=build \/out \/out/);
    const layers = await page.locator("#bytes table.plain").filter({ hasText: "the lowest first" }).locator("tbody tr").allTextContents();
    assert.equal(layers.length, 2);
    assert.match(layers[0] ?? "", /^COPY --from=build \/out \/outstage build · Dockerfile:\d+8\.89 kB/);
    assert.match((await page.locator("#bytes").textContent()) ?? "", /Left behind in build stages.*build .* in .*Duplicates5\.00 kB/s);
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: of several targets each image can be shown, by keyboard, too", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ ...FILES, Dockerfile: `${BUSYBOX}FROM scratch AS one\nCOPY a.txt /only-one\nFROM base AS two\nCOPY b.txt /only-two\n` });
    const { code, err } = await decant(
      shop,
      "build",
      "--report",
      "report.html",
      "--target",
      "one,two",
      "-o",
      "type=oci,dest=out-{target}.tar",
      ".",
    );
    assert.equal(code, 0, err);
    await using opened = await openFile(join(shop.context, "report.html"));
    const { page } = opened;
    const bytes = async (): Promise<string> => (await page.locator("#bytes").textContent()) ?? "";
    const buttons = page.locator(".which button");
    assert.equal(await buttons.count(), 2);
    assert.match(await bytes(), /COPY a\.txt \/only-one/);
    await buttons.nth(1).focus();
    await page.keyboard.press("Enter");
    assert.match(await bytes(), /COPY b\.txt \/only-two/);
    assert.doesNotMatch(await bytes(), /only-one/);
    assert.deepEqual(await buttons.evaluateAll((all) => all.map((one) => one.getAttribute("aria-pressed"))), ["false", "true"]);
    assert.equal(await page.locator("main > section").count(), 7);
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: of a build that fails there is a page with the failure and the output before it", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ Dockerfile: `${BUSYBOX}RUN echo before; echo "cannot do it" >&2; exit 3\n` });
    const { code } = await decant(shop, "build", "--report", "report.html", ".");
    assert.equal(code, 1);
    await using opened = await openFile(join(shop.context, "report.html"));
    const overview = (await opened.page.locator("#overview").textContent()) ?? "";
    assert.match(overview, /Build failed.*exit code 3.*before\ncannot do it.*The build ended before it had an image/s);
    assert.equal(await opened.page.locator(".step.s-failed[open]").count(), 1);
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: an image that its audit refuses is in the page all the same", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ Dockerfile: `${BUSYBOX}CMD ["/no/such/program"]\n` });
    const { code } = await decant(shop, "build", "--audit", "--report", "report.html", ".");
    assert.equal(code, 1);
    await using opened = await openFile(join(shop.context, "report.html"));
    assert.match((await opened.page.locator("#audit").textContent()) ?? "", /error/);
    assert.ok((await opened.page.locator(".tile").count()) > 0);
  });

  it("G8: no secret of the build is in its page", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ token: "hunter2-and-more-4711", Dockerfile: `${BUSYBOX}RUN --mount=type=secret,id=t cat /run/secrets/t; exit 3\n` });
    assert.equal((await decant(shop, "build", "--secret", "id=t,src=token", "--report", "report.html", ".")).code, 1);
    const html = readFileSync(join(shop.context, "report.html"), "utf8");
    assert.doesNotMatch(html, /hunter2/);
    assert.match(html, /exit code 3/);
  });

  it("G8: decant report compares two builds", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ ...FILES, Dockerfile: FILE });
    assert.equal((await decant(shop, "build", "-t", "app", ".")).code, 0);
    shop.write({ "b.txt": "changed" });
    assert.equal((await decant(shop, "build", "-t", "app", ".")).code, 0);
    const [second, first] = await listBuilds({ root: shop.root });
    const { code, err } = await decant(shop, "report", first?.id ?? "", second?.id ?? "", "-o", "compare.html");
    assert.equal(code, 0, err);
    await using opened = await openFile(join(shop.context, "compare.html"));
    const { page } = opened;
    const compare = (await page.locator("#compare").textContent()) ?? "";
    assert.match(compare, new RegExp(`A: app \\(${first?.id}\\)\\. B: app \\(${second?.id}\\)`));
    assert.match(compare, /Files that differ.*\/b\.txtchanged−4\.99 kB/s);
    await page.getByRole("button", { name: /^A: / }).click();
    assert.match((await page.locator("#overview").textContent()) ?? "", new RegExp(first?.id ?? "-"));
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: the library gives the page of an image, and refuses what is not there", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ ...FILES, Dockerfile: FILE });
    assert.equal((await decant(shop, "build", "-t", "app", ".")).code, 0);
    const { html } = await reportOf({ root: shop.root, subjects: ["app"], cwd: shop.context, offline: true }).result;
    assert.match(html, /^<!doctype html>/);
    await assert.rejects(reportOf({ root: shop.root, subjects: ["oci:nowhere"], cwd: shop.context }).result, { name: "DecantError" });
    await assert.rejects(reportOf({ root: shop.root, subjects: ["a", "b", "c"] }).result, { code: "USAGE" });
    await assert.rejects(reportOf({ root: join(shop.folder, "empty") }).result, { code: "NOT_FOUND" });
  });

  it("G8: a file that cannot be written is told before the build", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ Dockerfile: `${BUSYBOX}RUN echo never > /ran\n` });
    const { code, err } = await decant(shop, "build", "--report", "no/such/folder/report.html", ".");
    assert.equal(code, 1);
    assert.match(err, /no\/such\/folder/);
    assert.match((await decant(shop, "build", "--report", "-", ".")).err, /Cannot write the report to standard output/);
    assert.equal(existsSync(join(shop.context, "no")), false);
    assert.doesNotMatch(err, /RUN echo never/);
  });

  it("G8: a report that names no file is a page on standard output", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ ...FILES, Dockerfile: FILE });
    assert.equal((await decant(shop, "build", ".")).code, 0);
    const env = { ...process.env, DECANT_ROOT: shop.root };
    const { stdout } = await runProcess({ argv: [DECANT, "report"], env, cwd: shop.context });
    assert.match(stdout.toString(), /^<!doctype html>[^]*<\/html>\n$/);
    assert.equal(readFileSync(join(shop.context, "Dockerfile"), "utf8"), FILE);
  });
});
