/** .dockerignore files, globs of COPY, patterns of paths and of shells, signature rules of images; and the engine for regular expressions of policies. */
import { parseCsv } from "../../../src/dockerfile/csv.ts";
import { matchGlob } from "../../../src/dockerfile/glob.ts";
import { createIgnoreMatcher, parseIgnore } from "../../../src/dockerfile/index.ts";
import { compilePathPattern } from "../../../src/dockerfile/path-pattern.ts";
import { compileShellPattern, replaceMatches, trimPrefix, trimSuffix } from "../../../src/dockerfile/shell-pattern.ts";
import { pathGlobs } from "../../../src/distroless/path-glob.ts";
import { treePath } from "../../../src/paths.ts";
import { checkPattern, matchesPattern } from "../../../src/project/image-pattern.ts";
import { linearRegexp } from "../../../src/project/linear-regexp/regexp.ts";
import { RegexpProblem } from "../../../src/project/linear-regexp/parse.ts";
import { holds, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const GLOBS = [
  "*",
  "**",
  "**/",
  "/**",
  "?",
  "[a-z]",
  "[^a]",
  "[!a]",
  "[",
  "]",
  "[]a]",
  "[z-a]",
  "\\",
  "\\*",
  "a",
  "b",
  "/",
  "!",
  "#",
  "\n",
  ".",
  "..",
  " ",
  "{a,b}",
  "é",
  "😀",
  "\r\n",
  '"',
  ",",
  "a*a*a*a*a*b",
] as const;
const NAMES = [
  "a",
  "a/b/c",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac",
  `${"a/".repeat(300)}c`,
  "a".repeat(3000),
  ".git/x",
  "é/😀",
] as const;

export const PATTERNS: Target = {
  name: "patterns",
  generate: (random) => textOf(random, GLOBS, 30),
  // What `compileShellPattern` promises to throw.
  expects: (error) => error instanceof SyntaxError || error instanceof RangeError,
  async check(input, { random }) {
    const text = input.toString("utf8");
    const name = random.pick(NAMES);
    await each(
      () => createIgnoreMatcher(parseIgnore(text)).excludes(treePath(name)),
      () => matchGlob(text, name),
      () => compilePathPattern(text)(name),
      () => pathGlobs([text])(treePath(name)),
      () => parseCsv(text),
      () => (checkPattern(text) === undefined ? matchesPattern(text, name) : false),
      () => {
        const pattern = compileShellPattern(text);
        for (const long of [true, false]) {
          trimPrefix(pattern, name, long);
          trimSuffix(pattern, name, long);
          replaceMatches(pattern, name, "x", long);
        }
      },
    );
  },
};

const PIECES = [
  "a",
  "b",
  ".",
  "*",
  "+",
  "?",
  "|",
  "(",
  ")",
  "(?:",
  "(?P<n>",
  "(?i)",
  "[a-c]",
  "[^a]",
  "{2}",
  "{1,3}",
  "{0,1000}",
  "{",
  "}",
  "^",
  "$",
  "\\d",
  "\\w",
  "\\b",
  "\\pL",
  "\\",
  "\\x{61}",
  "(a*)*",
  "(a|a)*",
  "(a+)+b",
  "[[:alpha:]]",
  "é",
] as const;
/** In these JavaScript's own expressions mean the same. */
const PLAIN = /^[ab.()|*?]*$/;

export const REGEXPS: Target = {
  name: "regexps",
  generate: (random) => textOf(random, PIECES, 14),
  expects: (error) => error instanceof RegexpProblem,
  check(input, { random }) {
    const text = input.toString("utf8");
    const name = random.pick(["", "a", "ab", "aabba", "b\n", "a".repeat(2000), `${"ab".repeat(500)}c`]);
    const expression = linearRegexp(text);
    const found = expression.matches(name);
    expression.replace(name, "<$0>");
    if (!PLAIN.test(text) || text.length > 12 || name.length > 9) return;
    const own = parsed(text);
    holds(own === undefined || own.test(name) === found, `${JSON.stringify(text)} matches ${JSON.stringify(name)} as it should`);
  },
};

function parsed(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "u");
  } catch {
    return undefined;
  }
}
