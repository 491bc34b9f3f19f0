/**
 * Writes the manual pages into dist/man, and their list into package.json, which npm links; or the pages alone into the folder that is named.
 * Their date is SOURCE_DATE_EPOCH, else that of the last commit. Part of `npm run docs`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { manualPages } from "./manual-pages.ts";

const ROOT = resolve(import.meta.dirname, "..");
const folder = resolve(process.argv[2] ?? join(ROOT, "dist", "man"));
const epoch = process.env["SOURCE_DATE_EPOCH"] || spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" }).stdout;
const pages = await manualPages(/^\d+\s*$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date());
// Pages of commands that are gone go, too.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
if (process.argv[2] === undefined) listPages([...pages.keys()].toSorted().map((name) => `./dist/man/${name}`));
console.log(`manuals: ${pages.size} pages`);

function listPages(man: readonly string[]): void {
  const file = join(ROOT, "package.json");
  const before = readFileSync(file, "utf8");
  const after = `${JSON.stringify({ ...(JSON.parse(before) as object), man }, undefined, 2)}\n`;
  if (after !== before) writeFileSync(file, after);
}
