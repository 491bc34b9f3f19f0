import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, it } from "node:test";
import type { ReportData } from "./data.ts";
import { reportDocument } from "./document.ts";
import { pageCode } from "./page-code.ts";

const HOSTILE = `</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> & \u2028 \u202e`;

function dataWith(title: string): ReportData {
  return { format: "decant.report/1", version: "0", subjects: [{ title, notes: [] }] };
}

describe("reportDocument()", () => {
  it("G8: data cannot end its element, and comes back as it was", () => {
    const html = reportDocument(dataWith(HOSTILE), { script: "let a", style: "a{}", files: [] });
    const json = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(html)?.[1] ?? "";
    assert.doesNotMatch(json, /[<>&\u2028]/);
    assert.deepEqual(JSON.parse(json), dataWith(HOSTILE));
    assert.equal(html.match(/<script/g)?.length, 2);
  });

  it("G8: the policy allows this script and this style only, by their digests", () => {
    const html = reportDocument(dataWith("a"), { script: "let a = 1", style: "a{b:c}", files: [] });
    const policy = /content="(default-src[^"]*)"/.exec(html)?.[1];
    assert.equal(
      policy,
      `default-src 'none'; script-src 'sha256-${hash("sha256", "let a = 1", "base64")}'; style-src 'sha256-${hash("sha256", "a{b:c}", "base64")}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it("G8: refuses code that would end its element", () => {
    assert.throws(() => reportDocument(dataWith("a"), { script: 'a = "</script>"', style: "", files: [] }), /end its element/);
  });

  it("G8: the page from the sources refers to nothing outside of it", async () => {
    const { script, style } = await pageCode();
    assert.ok(script.length > 10_000 && script.length < 200_000, `${script.length}`);
    assert.doesNotMatch(style, /url\(|@import/);
    assert.doesNotMatch(
      script,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|fetch\(|XMLHttpRequest|import\(/,
    );
  });
});
