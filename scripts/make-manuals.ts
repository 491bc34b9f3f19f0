/** Writes the manual pages into dist/man, or into the folder that is named. Their date is SOURCE_DATE_EPOCH, else that of the last commit. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
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
console.log(`manuals: ${pages.size} pages`);
