/** G8: everything can be done by keyboard, and one sees where one is. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { closeBrowser, openReport, type OpenedPage } from "./browser.ts";
import { sampleSubject } from "./sample.ts";

/** The label of what has the focus. */
async function focused({ page }: OpenedPage): Promise<string> {
  return await page.evaluate<string>(`document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent`);
}

after(closeBrowser);

describe("G8: the page by keyboard", { timeout: 600_000 }, () => {
  it("G8: begins with a link past the navigation, and each stop has a visible ring", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    await page.keyboard.press("Tab");
    assert.equal(await focused(opened), "Skip to the content");
    await page.keyboard.press("Enter");
    const stops = new Set<string>();
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const ring = await page.evaluate<string>(
        `(() => { const one = document.activeElement; if (one === document.body) return "body"; const style = getComputedStyle(one); const node = one.querySelector(":scope > rect"); return one.matches(".node") ? "stroke " + getComputedStyle(node).strokeWidth : style.outlineStyle + " " + style.outlineWidth; })()`,
      );
      if (ring === "body") break;
      stops.add(await focused(opened));
      assert.match(ring, /^(?:solid [23]px|stroke 3\.5px)$/, await focused(opened));
    }
    assert.ok(stops.size > 15, [...stops].join("\n"));
  });

  it("G8: the graph of stages is one stop; arrows move, Enter shows a stage", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    assert.equal(await page.locator('.node[tabindex="0"]').count(), 1);
    await page.locator(".node").first().focus();
    assert.match(await focused(opened), /^build/);
    await page.keyboard.press("ArrowRight");
    assert.match(await focused(opened), /^app, the target/);
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#stages .detail h3").textContent(), "Stage build");
    assert.match((await page.locator("#stages .detail").textContent()) ?? "", /never ran before/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(" ");
    assert.match((await page.locator("#stages .detail").textContent()) ?? "", /Stage docs.*The target does without it/);
  });

  it("G8: the treemap is one stop; arrows move, Enter goes in, Escape goes out", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1);
    await page.locator(".tile").first().focus();
    const first = await focused(opened);
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await focused(opened), first);
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".crumbs > *").count(), 2);
    assert.match(await focused(opened), /^\/srv/, "the focus stays in the treemap");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".crumbs > *").count(), 1);
    assert.match((await page.locator(".told").textContent()) ?? "", /\d/);
  });

  it("G8: a link to a step opens it, also for the second time", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    await page.locator(".rows-of-time a").first().focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await focused(opened), /COPY --from=build/);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#step-3").evaluate((one) => one.hasAttribute("open")), true);
    assert.match(await focused(opened), /COPY --from=build/);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#step-3").evaluate((one) => one.hasAttribute("open")), false);
    await page.locator('.rows-of-time a[href="#step-3"]').press("Enter");
    assert.equal(await page.locator("#step-3").evaluate((one) => one.hasAttribute("open")), true);
    assert.match((await page.locator("#step-3").textContent()) ?? "", /Why.*not recorded/);
  });

  it("G8: the search of packages finds by name, licence and kind, and says how many", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    const packages = page.locator("#packages");
    await packages.getByLabel("Search packages").focus();
    await page.keyboard.type("gpl-3.0 package-00");
    assert.equal(await packages.getByRole("status").textContent(), "5 of 300 packages");
    assert.equal(await packages.locator("tbody tr:not(.spacer)").count(), 5);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.match(await focused(opened), /^Name/);
    await page.keyboard.press("Enter");
    assert.equal(await packages.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
    assert.match((await packages.locator("tbody th").first().textContent()) ?? "", /^package-009/);
  });
});
