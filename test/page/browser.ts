/** A page in Chromium, with all that must not happen on it noted down. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { makeReport } from "../../src/report/index.ts";
import type { ReportContent } from "../../src/report/make-report.ts";
import { makeTemporaryFolder } from "../../src/sys/index.ts";

/** A page that is open. */
export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Requests, dialogs, errors and violations of the policy; what a page of ours never has. */
  readonly misdeeds: readonly string[];
}

const CHROMIUM = process.env["DECANT_CHROMIUM"] ?? "/usr/bin/chromium";
/** Flags and fields that hostile text would set. */
const WATCH = `window.addEventListener("securitypolicyviolation", (event) => { (window.violations ??= []).push(event.violatedDirective) });`;

let browser: Promise<Browser> | undefined;

/** Chromium's own sandbox does not start as root, and the page is ours. */
function started(): Promise<Browser> {
  return (browser ??= chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] }));
}

/** Ends the browser; for `after` of each test file. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

/** Opens a file. */
export async function openFile(path: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await (await started()).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const misdeeds: string[] = [];
  page.on("request", (request) => {
    if (request.url() !== `file://${path}`) misdeeds.push(`request ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    misdeeds.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => misdeeds.push(`error ${error.message}`));
  page.on("console", (message) => misdeeds.push(`console ${message.text()}`));
  await page.addInitScript(WATCH);
  await page.goto(`file://${path}`);
  await page.locator("main > section").first().waitFor();
  // The treemap is laid out when it is in the document.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  return { page, misdeeds, [Symbol.asyncDispose]: () => context.close() };
}

/** Makes a report and opens it. */
export async function openReport(content: ReportContent, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const folder = makeTemporaryFolder("page");
  const path = join(folder.path, "report.html");
  writeFileSync(path, await makeReport(content));
  const opened = await openFile(path, options);
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** What is wider than the window, but for what scrolls by itself. */
export async function tooWide(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(
    `[...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".graph, .scroll, nav.sections, .hidden, .log")).map((one) => one.tagName + "." + one.getAttribute("class"))`,
  );
}
