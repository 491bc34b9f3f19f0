/**
 * Writes docs/reference/dockerfile-rules.md from the texts in dockerfile-rules.yaml, the names of tests, and the differences from BuildKit
 * that conformance knows. `npm run docs`; scripts/check-docs.ts checks that it was done.
 */
import { writeFileSync } from "node:fs";
import { DIFFERENCES } from "../test/conformance/differences.ts";
import { RULES_FILE, ruleTests, type RuleTest, ruleTopics } from "./rules.ts";

/** Where the page is. */
export const RULES_PAGE = "docs/reference/dockerfile-rules.md";

/** From the page to the top of the repository. */
const TOP = "../..";

/** The page's text. */
export function rulesPage(): string {
  const topics = ruleTopics();
  const tests = Map.groupBy(ruleTests(), ({ rule }) => rule);
  const contents = topics.map(({ topic, rules }) => {
    const names = Object.keys(rules);
    return `- [${topic}](#${anchor(topic)}): ${names[0]} to ${names.at(-1)}`;
  });
  return [
    "# Rules of the Dockerfile language",
    "",
    `<!-- Made by scripts/make-rules.ts of ${RULES_FILE} and of the tests: change these, then npm run docs -->`,
    "",
    "What Decant does with a Dockerfile where readers of the reference guess differently. The rules follow what BuildKit does, and where Decant differs,",
    "the rule says so. Comments in the code and names of tests call a rule by its number: `rule S47`, `(S47)` or `rules S34 to S42`.",
    "",
    "Each rule lists its tests. Those of `test/conformance/` compare Decant's image with one that BuildKit made of the same Dockerfile:",
    "",
    "```sh",
    "npm run conformance -- S47:                                             # the conformance cases of a rule",
    "node --test --test-name-pattern S47: src/graph/convert/convert.test.ts  # its unit tests of one file",
    "```",
    "",
    ...contents,
    "",
    ...topics.flatMap(({ topic, rules }) => [
      `## ${topic}`,
      "",
      ...Object.entries(rules).flatMap(([rule, text]) => section(rule, text, tests.get(rule) ?? [])),
    ]),
  ].join("\n");
}

function section(rule: string, text: string, tests: readonly RuleTest[]): string[] {
  return [`### ${rule}`, "", text.trim(), "", ...differencesOf(rule), ...testList(tests)];
}

function differencesOf(rule: string): string[] {
  return DIFFERENCES.flatMap(({ cases, reason }) =>
    cases
      .filter((name) => name.startsWith(`${rule}: `))
      .flatMap((name) => [
        `BuildKit as it was recorded differs in the case "${escaped(name.slice(rule.length + 2))}". ${escaped(reason)}.`,
        "",
      ]),
  );
}

function testList(tests: readonly RuleTest[]): string[] {
  const lines = [...Map.groupBy(tests, ({ file }) => file)].map(([file, named]) => {
    const names = named.map(({ name }) => (name === "…" ? "a table of cases" : escaped(name)));
    return `- [${file}](${TOP}/${file}): ${names.join("; ")}`;
  });
  return [`<details><summary>Tests: ${tests.length}</summary>`, "", ...lines, "", "</details>", ""];
}

/** As GitHub makes anchors of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function escaped(text: string): string {
  return text.replaceAll("\n", " ").replace(/[\\`*_[\]<>$#|~]/g, "\\$&");
}

if (import.meta.main) writeFileSync(RULES_PAGE, rulesPage());
