/**
 * Keeps the promise that every rule of the Dockerfile language has a text and a test, and that every rule that the code names is one of them.
 */
import { globSync, readFileSync } from "node:fs";
import { RULES_FILE, ruleTests, ruleTopics } from "./rules.ts";

/** Where comments, tests and pages name rules. */
const FILES = ["src/**/*.ts", "src/**/*.md", "test/**/*.ts", "bench/**/*.ts", "docs/**/*.md"];
/** "rule S47", "rules S34 to S42", "(S45)", "S62: …", "and S100": any of them. */
const MENTION = /\bS\d+\b/g;

const problems: string[] = [];
const rules = ruleTopics().flatMap((topic) => Object.keys(topic.rules));
for (const [at, rule] of rules.entries())
  if (rule !== `S${at + 1}`)
    problems.push(`${RULES_FILE}: S${at + 1} belongs where ${rule} is: no number is left out, and they are in order`);

const known = new Set(rules);
for (const file of globSync(FILES).toSorted())
  for (const rule of new Set(readFileSync(file, "utf8").match(MENTION)))
    if (!known.has(rule)) problems.push(`${file}: there is no rule ${rule}; they are S1 to S${rules.length}, in ${RULES_FILE}`);

const tested = new Set(ruleTests().map(({ rule }) => rule));
for (const rule of known.difference(tested)) problems.push(`${rule}: no test names this rule; begin the name of one with "${rule}: "`);

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "rules: ok" : `rules: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
