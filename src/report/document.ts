/**
 * The document: data, style and script in one file that opens anywhere. Its policy lets the browser run this script only, use this style only, and
 * ask for nothing: what a Dockerfile, a log or a file name holds stays text.
 */
import { hash } from "node:crypto";
import type { ReportData } from "./data.ts";
import type { PageCode } from "./page-code.ts";

/** HTML of one report; `mask` goes over every text. */
export function reportDocument(data: ReportData, { script, style }: PageCode, mask: (text: string) => string = (text) => text): string {
  const policy = [
    "default-src 'none'",
    `script-src ${source(script)}`,
    `style-src ${source(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Decant report</title>
<style>${inElement(style)}</style>
</head>
<body>
<noscript><p>This report needs JavaScript. It runs in this file only, and asks for nothing from the network.</p></noscript>
<script type="application/json" id="data">${safeJson(data, mask)}</script>
<script>${inElement(script)}</script>
</body>
</html>
`;
}

function source(text: string): string {
  return `'sha256-${hash("sha256", text, "base64")}'`;
}

/** Our own code: the policy has its digest, so it cannot be changed here. Throws where it could end its element. */
function inElement(text: string): string {
  if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error("the code of the page would end its element");
  return text;
}

/** JSON that cannot end its element, or begin another: no character of markup is left in it. */
function safeJson(value: unknown, mask: (text: string) => string): string {
  const json = JSON.stringify(value, (_key, one: unknown) => (typeof one === "string" ? mask(one) : one));
  return json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
