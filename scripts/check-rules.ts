/**
 * Keeps the promise that every rule of the Dockerfile language has a test: S1 to S132, the list that Decant is built to. A test names its rule
 * at the start of its own name: "S47: ENTRYPOINT clears …", or several: "S125, S126: …".
 */
import { globSync, readFileSync } from "node:fs";

const LAST_RULE = 132;
/** Where tests, and the cases that become tests, have their names. */
const FILES = ["src/**/*.test.ts", "test/**/*.test.ts", "test/conformance/cases/*.ts"];
const NAME = /["'`](S\d+(?:, S\d+)*): /g;

const named = new Set<number>();
const problems: string[] = [];
for (const file of globSync(FILES).toSorted())
  for (const [, rules = ""] of readFileSync(file, "utf8").matchAll(NAME))
    for (const rule of rules.split(", ")) {
      const number = Number(rule.slice(1));
      if (number < 1 || number > LAST_RULE) problems.push(`${file}: there is no rule ${rule}; they are S1 to S${LAST_RULE}`);
      named.add(number);
    }
for (let number = 1; number <= LAST_RULE; number += 1)
  if (!named.has(number)) problems.push(`S${number}: no test names this rule; begin the name of one with "S${number}: "`);

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "rules: ok" : `rules: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
