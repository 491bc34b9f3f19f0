/** G8: what is drawn does not grow with the image: 50,000 files and 300 stages. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { closeBrowser, openReport } from "./browser.ts";
import { sampleBuild, sampleImage, step } from "./sample.ts";

const STAGES = Array.from({ length: 300 }, (_, at) => ({
  name: `stage-${at}`,
  base: at === 0 ? "debian" : `stage-${at - 1}`,
  needs: at === 0 ? [] : [Math.floor(at / 3)].filter((need) => need !== at),
  isNeeded: at < 120,
  isTarget: at === 119,
}));

after(closeBrowser);

describe("G8: large images", { timeout: 600_000 }, () => {
  it("G8: 50,000 files: few elements, at each level, and every file is found by the search", async () => {
    await using opened = await openReport({ subjects: [{ title: "big", image: sampleImage(50_000), notes: [] }] });
    const { page } = opened;
    const elements = (): Promise<number> => page.evaluate<number>(`document.querySelectorAll("*").length`);
    for (const grouping of ["Package", "Folder", "Instruction"]) {
      await page.locator(".explorer .choice").getByRole("button", { name: grouping }).click();
      assert.ok((await page.locator(".tile").count()) > 20, grouping);
      assert.ok((await elements()) < 4000, grouping);
    }
    await page
      .locator(".tile")
      .first()
      .click({ position: { x: 10, y: 8 } });
    assert.ok((await elements()) < 4000);
    const files = page.locator("#bytes .table");
    assert.equal(await files.getByRole("status").textContent(), "50,000 files");
    await files.getByLabel("Search files").fill("file-49998.txt");
    assert.equal(await files.getByRole("status").textContent(), "1 of 50,000 files");
    assert.match((await files.locator("tbody th").first().textContent()) ?? "", /folder499\/file-49998\.txt$/);
    await files.getByLabel("Search files").fill("");
    await files.locator(".scroll").evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await files.locator(`tr[aria-rowindex="50001"]`).waitFor();
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: 300 stages and steps: those that are needed are drawn, the others are listed", async () => {
    const steps = STAGES.map((stage, at) => step(`[${stage.name} 1/1] RUN echo ${at}`, at * 10, 50, { stage: stage.name }));
    await using opened = await openReport({ subjects: [{ title: "many", build: sampleBuild({ stages: STAGES, steps }), notes: [] }] });
    const { page } = opened;
    assert.equal(await page.locator(".node").count(), 120);
    const list = page.locator("#stages > details");
    assert.match((await list.locator("summary").textContent()) ?? "", /^180 stages/);
    assert.equal(await list.locator("li").count(), 180);
    assert.equal(await page.locator(".rows-of-time li").count(), 300);
    assert.deepEqual(opened.misdeeds, []);
  });

  it("G8: a log of 200,000 lines is there to its end", async () => {
    const log = Array.from({ length: 200_000 }, (_, at) => `line ${at}`).join("\n");
    const build = sampleBuild({ steps: [step("RUN", 0, 10, { stage: "build", log })] });
    await using opened = await openReport({ subjects: [{ title: "chatty", build, notes: [] }] });
    await opened.page.locator("#step-1 > summary").click();
    await opened.page.locator("#step-1 .piece").nth(399).waitFor({ state: "attached" });
    assert.match((await opened.page.locator("#step-1 .piece").nth(399).textContent()) ?? "", /line 199999\n$/);
  });
});
