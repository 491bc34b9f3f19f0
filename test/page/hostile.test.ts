/** G8: nothing from a Dockerfile, a log, a file name or a package runs script in the page, leaves it, or hides what it is. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { closeBrowser, openReport } from "./browser.ts";
import { sampleBuild, sampleImage, step } from "./sample.ts";

const ATTACKS = [
  `</script><script>window.pwned = 1</script>`,
  `<img src=x onerror="window.pwned = 1">`,
  `"><svg onload="window.pwned = 1">`,
  `javascript:window.pwned=1`,
  `<!--<script>`,
  `<iframe srcdoc="<script>parent.pwned = 1</script>">`,
  `{{constructor.constructor('window.pwned=1')()}}`,
  `\u202egnp.exe \u0007\u001b[31mred\u001b]8;;javascript:alert(1)\u0007link\u0000`,
  `__proto__`,
];
const ALL = ATTACKS.join(" ");

/** Every text of it is hostile. */
function hostileEverywhere<Value>(value: Value): Value {
  const kept = new Set(["state", "severity", "change", "format", "group"]);
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === "string") return kept.has(key) ? one : `${one} ${ALL}`;
    if (Array.isArray(one)) return one.map((item) => walk(item, key));
    if (typeof one === "object" && one !== null)
      return Object.fromEntries(Object.entries(one).map(([name, item]) => [name, walk(item, name)]));
    return one;
  };
  // The same form with other texts.
  return walk(value, "") as Value;
}

const SUBJECT = hostileEverywhere({
  title: "app",
  build: sampleBuild({
    error: "failed",
    state: "failed",
    warnings: [{ code: "X", message: "odd", url: "javascript:window.pwned=1" }],
    steps: [
      step("RUN", 0, 100, {
        state: "failed",
        stage: "app",
        log: "output\n",
        failure: { code: "RUN_FAILED", message: "no", hint: "look", places: [{ file: "Dockerfile", line: 1 }] },
        transfers: [{ action: "pull", id: "x", bytes: 9 }],
      }),
    ],
  }),
  image: sampleImage(20, { unread: [{ path: "/x", why: "damaged" }], allowed: [] }),
  notes: ["A note."],
});

after(closeBrowser);

describe("G8: hostile texts", { timeout: 600_000 }, () => {
  it("G8: run nothing, load nothing and make no elements, in a comparison with everything open", async () => {
    await using opened = await openReport({
      subjects: [SUBJECT, SUBJECT],
      fileChanges: [{ path: ALL, change: "added", after: 3 }],
    });
    const { page, misdeeds } = opened;
    await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true })`);
    for (const button of await page.locator(".choice button").all()) if (await button.isVisible()) await button.click();
    for (const search of await page.locator("input[type=search]").all()) if (await search.isVisible()) await search.fill("<img");
    assert.equal(await page.evaluate("window.pwned"), undefined);
    assert.equal(await page.evaluate("window.violations"), undefined);
    assert.equal(await page.locator("img, iframe, object, embed, script[src], link, form, base").count(), 0);
    assert.equal(await page.locator("script").count(), 2);
    const links = await page.locator("[href], [src], [action]").evaluateAll((all) => all.map((one) => one.getAttribute("href") ?? "other"));
    assert.deepEqual(
      links.filter((href) => !/^#[a-z]+(-\d+)?$/.test(href)),
      [],
    );
    assert.deepEqual(
      await page.evaluate(
        `[...document.querySelectorAll("*")].flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith("on")))`,
      ),
      [],
    );
    assert.deepEqual(misdeeds, []);
  });

  it("G8: are shown as they are, with what nobody sees made visible", async () => {
    await using opened = await openReport({ subjects: [{ ...SUBJECT, notes: [ALL] }] });
    const note = (await opened.page.locator("#overview > p").last().textContent()) ?? "";
    assert.equal(note, `${ATTACKS.slice(0, 7).join(" ")} ⟨U+202E⟩gnp.exe ␇␛[31mred␛]8;;javascript:alert(1)␇link␀ __proto__`);
    const text = await opened.page.locator("body").evaluate((one) => one.innerText);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(await opened.page.title(), /[\u0000-\u001f\u202e]/);
  });

  it("G8: colour logs, and do nothing else there", async () => {
    const log = "\u001b[1;31mred\u001b[0m \u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 \u001b[2J\u202e\u0008\n10%\r100%\n";
    const build = sampleBuild({ steps: [step("RUN", 0, 10, { stage: "build", state: "failed", log })] });
    await using opened = await openReport({ subjects: [{ title: "app", build, notes: [] }] });
    const output = opened.page.locator(".step .log");
    assert.equal(await output.textContent(), "red link ⟨U+202E⟩␈\n100%\n");
    assert.equal(await output.locator("span.t-bold.t-red").textContent(), "red");
    assert.deepEqual(opened.misdeeds, []);
  });
});
