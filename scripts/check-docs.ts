/**
 * Keeps the documents true: docs/errors.md has a heading for each error code and no other, docs/dependencies.md names each package,
 * and relative links lead somewhere.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const problems: string[] = [];

const union = /export type ErrorCode =([^;]*);/.exec(readFileSync("src/errors.ts", "utf8"))?.[1] ?? "";
const codes = new Set([...union.matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] ?? ""));
const headings = new Set([...readFileSync("docs/errors.md", "utf8").matchAll(/^### ([A-Z_]+)$/gm)].map((match) => match[1] ?? ""));
for (const code of codes.difference(headings)) problems.push(`docs/errors.md: there is no heading "### ${code}"`);
for (const code of headings.difference(codes)) problems.push(`docs/errors.md: "${code}" is no error code of src/errors.ts`);
if (codes.size === 0) problems.push("src/errors.ts: there is no union ErrorCode");

const dependencies = readFileSync("docs/dependencies.md", "utf8");
const manifest: Record<string, unknown> = JSON.parse(readFileSync("package.json", "utf8"));
for (const name of Object.keys({ ...Object(manifest["dependencies"]), ...Object(manifest["devDependencies"]) }))
  if (!dependencies.includes(`| ${name} |`)) problems.push(`docs/dependencies.md: there is no line for "${name}"`);

for (const file of globSync(["*.md", "docs/**/*.md", "examples/*/*.md", "src/**/*.md"])) {
  const text = readFileSync(file, "utf8").replace(/```[\s\S]*?```/g, "");
  for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target) || existsSync(join(dirname(file), target))) continue;
    problems.push(`${file}: the link to "${target}" leads nowhere`);
  }
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "docs: ok" : `docs: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
