/**
 * Keeps the documents true: docs/errors.md has a heading for each error code and no other, docs/dependencies.md names each package, pages
 * that are made of the source are of this source, docs/reference/library.md names each export, decisions that the code names exist, and
 * relative links lead somewhere, and so do files that the README of a room names. Prose is plain
 * (scripts/prose.ts), and examples work (scripts/doc-examples.ts).
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { COMMANDS } from "../src/cli/commands.ts";
import { SUPPORT } from "../src/support.ts";
import { commandProblems, docExamples, runExample } from "./doc-examples.ts";
import { COMMANDS_PAGE, commandsPage } from "./make-commands.ts";
import { ENVIRONMENT_PAGE, environmentPage } from "./make-environment.ts";
import { EVENTS_PAGE, eventsPage } from "./make-events.ts";
import { RECIPE_SCHEMA, recipeSchemaJson } from "./make-recipe-schema.ts";
import { RULES_PAGE, rulesPage } from "./make-rules.ts";
import { SUPPORT_PAGE, supportPage } from "./make-support.ts";
import { proseProblems } from "./prose.ts";

const problems: string[] = [];

const union = /export type ErrorCode =([^;]*);/.exec(readFileSync("src/errors.ts", "utf8"))?.[1] ?? "";
const codes = new Set([...union.matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] ?? ""));
const headings = new Set([...readFileSync("docs/errors.md", "utf8").matchAll(/^### ([A-Z_]+)$/gm)].map((match) => match[1] ?? ""));
for (const code of codes.difference(headings)) problems.push(`docs/errors.md: the heading "### ${code}" is missing`);
for (const code of headings.difference(codes)) problems.push(`docs/errors.md: "${code}" is no error code of src/errors.ts`);
if (codes.size === 0) problems.push("src/errors.ts: the union ErrorCode is missing");

const dependencies = readFileSync("docs/dependencies.md", "utf8");
const manifest: Record<string, unknown> = JSON.parse(readFileSync("package.json", "utf8"));
for (const name of Object.keys({ ...Object(manifest["dependencies"]), ...Object(manifest["devDependencies"]) }))
  if (!dependencies.includes(`| ${name} |`)) problems.push(`docs/dependencies.md: the line for "${name}" is missing`);

for (const [page, text] of [
  [SUPPORT_PAGE, supportPage()],
  [COMMANDS_PAGE, await commandsPage()],
  [EVENTS_PAGE, eventsPage()],
  [ENVIRONMENT_PAGE, environmentPage()],
  [RECIPE_SCHEMA, recipeSchemaJson()],
  [RULES_PAGE, rulesPage()],
] as const)
  if (!existsSync(page) || readFileSync(page, "utf8") !== text) problems.push(`${page}: it is not what the source says: npm run docs`);

const library = readFileSync("docs/reference/library.md", "utf8");
for (const name of Object.keys(await import("../src/index.ts")))
  if (!library.includes(`\`${name}`)) problems.push(`docs/reference/library.md: it does not mention "${name}"`);

const rows = new Set<string>(SUPPORT.map(({ id }) => id));
for (const file of globSync("src/**/*.ts"))
  for (const [, row = ""] of readFileSync(file, "utf8").matchAll(/\brow: "(F\d+)"/g))
    if (!rows.has(row)) problems.push(`${file}: src/support.ts has no row ${row}`);

const decisions = new Map(globSync("docs/decisions/[0-9]*.md").map((file) => [Number(basename(file).slice(0, 4)), basename(file)]));
const decisionIndex = readFileSync("docs/decisions/README.md", "utf8");
for (const [number, file] of decisions) {
  const title = /^# Decision (\d+): (.*)$/m.exec(readFileSync(`docs/decisions/${file}`, "utf8"));
  if (Number(title?.[1]) !== number || title?.[2] === undefined)
    problems.push(`docs/decisions/${file}: it does not begin with "# Decision ${number}: "`);
  else if (!decisionIndex.includes(`| ${number} | [${title[2]}](${file}) |`))
    problems.push(`docs/decisions/README.md: the line for "${file}" is missing`);
}
for (const file of globSync(["src/**/*.{ts,md}", "test/**/*.ts", "bench/**/*.{ts,md}", "docs/*.md"])) {
  const text = readFileSync(file, "utf8");
  for (const [, numbers = ""] of text.matchAll(/\b[dD]ecisions? (\d+(?:(?:,| and| to) \d+)*)/g))
    for (const number of numbers.match(/\d+/g) ?? [])
      if (!decisions.has(Number(number))) problems.push(`${file}: docs/decisions has no decision ${number}`);
  // Plans and notes that are not in this repository.
  for (const [words] of text.matchAll(/\bdesign(?:\.md| D\d+| section \d+)/g))
    problems.push(`${file}: "${words}" leads nowhere; name a decision of docs/decisions, or docs/promises.md`);
}

for (const file of globSync(["*.md", "docs/**/*.md", "examples/*/*.md", "src/**/*.md"])) {
  const text = readFileSync(file, "utf8").replace(/```[\s\S]*?```/g, "");
  // A room's own files, those of another room (room/file.ts), and files by their whole path.
  if (/^src\/.*README\.md$|^docs\/architecture\.md$/.test(file))
    for (const [, name = ""] of text.matchAll(/`([\w/-]+\.ts)`/g))
      if (![dirname(file), "src", "."].some((folder) => existsSync(join(folder, name)))) problems.push(`${file}: "${name}" does not exist`);
  for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target) || existsSync(join(dirname(file), target))) continue;
    problems.push(`${file}: the link to "${target}" leads nowhere`);
  }
}

for (const room of globSync("src/*/")) if (!existsSync(join(room, "README.md"))) problems.push(`${room}: the room has no README.md`);

const specs = await Promise.all(Object.values(COMMANDS).map(async ({ load }) => (await load()).command.spec));
problems.push(...proseProblems(specs));

const examples = globSync(["README.md", "docs/**/*.md", "examples/*/README.md", "recipes/*.md"]).flatMap(docExamples);
problems.push(...commandProblems(examples, specs));
for (const example of examples) {
  if (example.run?.when !== "check") continue;
  const problem = await runExample(example);
  if (problem !== undefined) problems.push(problem);
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "docs: ok" : `docs: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
