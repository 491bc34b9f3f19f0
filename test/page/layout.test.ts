/** G8: the page at any width, in the light and in the dark, on paper, and as assistive programs see it. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { closeBrowser, openReport, tooWide } from "./browser.ts";
import { sampleBuild, sampleImage, sampleSubject, step } from "./sample.ts";

const LONG = `RUN ${"a-very-long-word-without-a-break".repeat(20)}`;
const LONG_SUBJECT = sampleSubject({
  title: "registry.example/a/very/long/name/of/an/image:".repeat(3),
  build: sampleBuild({ error: LONG, state: "failed", steps: [step(LONG, 0, 100, { stage: LONG, log: LONG, state: "failed" })] }),
  image: sampleImage(50, { layers: [{ instruction: LONG, files: 1, bytes: 100, hiddenBytes: 10 }], facts: [["Command", LONG]] }),
});

after(closeBrowser);

describe("G8: the page as it looks", { timeout: 600_000 }, () => {
  const rows = [
    { name: "a build", content: { subjects: [sampleSubject()] } },
    { name: "long texts", content: { subjects: [LONG_SUBJECT] } },
    {
      name: "a comparison",
      content: { subjects: [LONG_SUBJECT, sampleSubject()], fileChanges: [{ path: `/${LONG}`, change: "added" as const, after: 3 }] },
    },
    { name: "nothing", content: { subjects: [] } },
  ];
  for (const { name, content } of rows) {
    for (const width of [320, 400, 1280]) {
      it(`G8: ${name}: nothing sticks out at ${width} px`, async () => {
        if (content.subjects.length === 0) return;
        await using opened = await openReport(content, { viewport: { width, height: 800 } });
        await opened.page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true })`);
        assert.deepEqual(await tooWide(opened.page), []);
        assert.equal(await opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
        assert.deepEqual(opened.misdeeds, []);
      });
    }
  }

  for (const colorScheme of ["light", "dark"] as const) {
    it(`G8: every text has enough contrast in the ${colorScheme}`, async () => {
      await using opened = await openReport({ subjects: [LONG_SUBJECT] }, { colorScheme });
      const pairs = await opened.page.evaluate<readonly (readonly [string, number])[]>(CONTRASTS);
      assert.ok(pairs.length > 20);
      assert.deepEqual(
        pairs.filter(([, contrast]) => contrast < 4.5),
        [],
      );
    });
  }

  it("G8: has landmarks, one first heading, headings in order, and tables with captions and headers", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const { page } = opened;
    for (const landmark of ["header", "nav", "main", "footer"]) assert.ok((await page.locator(landmark).count()) >= 1, landmark);
    assert.equal(await page.locator("h1").count(), 1);
    const levels = await page.locator("h1, h2, h3").evaluateAll((all) => all.map((one) => Number(one.tagName[1])));
    levels.forEach((level, at) => assert.ok(at === 0 || level <= (levels[at - 1] ?? 0) + 1));
    assert.equal(await page.locator("table:not(:has(caption))").count(), 0);
    assert.equal(await page.locator("table:not(:has(th[scope=col]))").count(), 0);
    assert.equal(await page.locator("section:not([aria-labelledby])").count(), 0);
    const nameless = `[...document.querySelectorAll("button, a, input, [role=button], [role=region]")].filter((one) => (one.getAttribute("aria-label") ?? one.textContent) === "" && one.closest("label") === null).length`;
    assert.equal(await page.evaluate(nameless), 0);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
  });

  it("G8: links of the navigation lead to the beginning of their section, past everything that is not laid out yet", async () => {
    const steps = Array.from({ length: 400 }, (_, at) =>
      step(`[build ${at}] RUN echo ${"word ".repeat(40)}`, at * 10, 5, { stage: "build" }),
    );
    await using opened = await openReport({ subjects: [sampleSubject({ build: sampleBuild({ steps }) })] });
    for (const name of ["Packages", "Audit", "Bytes", "Timeline"]) {
      await opened.page.locator("nav.sections").getByRole("link", { name }).click();
      await opened.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      const top = await opened.page.locator(`#${name.toLowerCase()}`).evaluate((one) => one.getBoundingClientRect().top);
      const isAtEnd = await opened.page.evaluate<boolean>("scrollY + innerHeight >= document.documentElement.scrollHeight - 2");
      assert.ok((top >= 0 && top < 120) || isAtEnd, `${name} is at ${top}`);
    }
  });

  it("G8: states have words or marks beside their colours", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] });
    const badges = await opened.page.locator(".step > summary .badge").allTextContents();
    assert.deepEqual(badges, ["● ran", "○ cached", "● ran"]);
    const stages = await opened.page.locator(".node .outcome").allTextContents();
    assert.deepEqual(stages, ["● 1 ran", "not needed", "● 1 ran, ○ 1 cached"]);
  });

  it("G8: on paper there are no controls, and tables have their first rows", async () => {
    await using opened = await openReport({ subjects: [sampleSubject()] }, { colorScheme: "dark" });
    const { page } = opened;
    await page.emulateMedia({ media: "print" });
    await page.evaluate(`dispatchEvent(new Event("beforeprint"))`);
    assert.equal(await page.locator("nav.sections").isVisible(), false);
    assert.equal(await page.locator(".search").first().isVisible(), false);
    assert.equal(await page.locator("#packages tbody tr:not(.spacer)").count(), 201);
    assert.match((await page.locator("#packages tbody tr").last().textContent()) ?? "", /^and 100 more in the file$/);
    assert.equal(await page.evaluate(`getComputedStyle(document.body).backgroundColor`), "rgb(255, 255, 255)");
    assert.ok((await page.pdf({ format: "A4" })).byteLength > 20_000);
  });
});

/** The contrast of each kind of text with what is behind it, as WCAG 2 computes it. */
const CONTRASTS = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (parts) => { const [r, g, b] = parts.map((part) => { const v = part / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (one) => { for (let at = one; at !== null; at = at.parentElement) { const [r, g, b, a] = rgba(getComputedStyle(at).backgroundColor); if (a > 250) return [r, g, b]; } return rgba(getComputedStyle(document.body).backgroundColor).slice(0, 3); };
  const found = new Map();
  for (const one of document.querySelectorAll("body *")) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "")) continue;
    if (one.closest("script, style, noscript, .hidden") !== null) continue;
    const style = getComputedStyle(one);
    const back = one.closest("svg") === null ? behind(one) : (() => { const rect = one.parentElement.querySelector(":scope > rect"); const fill = rect === null ? "transparent" : getComputedStyle(rect).fill; const [r, g, b, a] = rgba(fill === "none" ? "transparent" : fill); return a > 250 ? [r, g, b] : behind(one.closest("div")); })();
    const [r, g, b] = rgba(one.closest("svg") === null ? style.color : style.fill);
    const [high, low] = [light([r, g, b]), light(back)].sort((x, y) => y - x);
    found.set(one.tagName + "." + (one.getAttribute("class") ?? "") + " in " + (one.parentElement.getAttribute("class") ?? one.parentElement.tagName), Math.round(((high + 0.05) / (low + 0.05)) * 100) / 100);
  }
  return [...found];
})()`;
