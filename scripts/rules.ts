/**
 * The rules of the Dockerfile language, S1 and up: their texts in docs/reference/dockerfile-rules.yaml, and their tests. A test names its rule
 * at the start of its own name: "S47: ENTRYPOINT clears …", or several: "S125, S126: …".
 */
import { globSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { parse } from "yaml";

/** Where the texts are. */
export const RULES_FILE = "docs/reference/dockerfile-rules.yaml";

/** Rules about one subject. */
export interface RuleTopic {
  readonly topic: string;
  /** "S47" → what it says, in Markdown, in the order of the file. */
  readonly rules: Readonly<Record<string, string>>;
}

/** A test, or a case that becomes one, that names a rule. */
export interface RuleTest {
  readonly rule: string;
  readonly file: string;
  /** Without the rules in front; "…" stands for what a template fills in. */
  readonly name: string;
}

const TOPICS = v.array(v.strictObject({ topic: v.string(), rules: v.record(v.pipe(v.string(), v.regex(/^S[1-9]\d*$/)), v.string()) }));
/** Where tests, and the cases that become tests, have their names. */
const TEST_FILES = ["src/**/*.test.ts", "test/**/*.test.ts", "test/conformance/cases/*.ts"];
const TEST_NAME = /(["'`])(S\d+(?:, S\d+)*): ((?:(?!\1)[^\\\n]|\\.)*)\1/g;

/** The texts. Throws where the file has another form. */
export function ruleTopics(): readonly RuleTopic[] {
  return v.parse(TOPICS, parse(readFileSync(RULES_FILE, "utf8")));
}

/** Every test of a rule, by file and place. */
export function ruleTests(): readonly RuleTest[] {
  return globSync(TEST_FILES)
    .toSorted()
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(TEST_NAME)].flatMap(([, quote = "", rules = "", text = ""]) =>
        rules.split(", ").map((rule) => ({ rule, file, name: shownName(text, quote) })),
      ),
    );
}

/** What stands between the quotes of a source file, as the test is called. */
function shownName(text: string, quote: string): string {
  const filled = quote === "`" ? text.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…") : text;
  return filled.replace(/\\(.)/g, "$1");
}
