import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { allInstructions, showInstruction } from "../../test/support/dockerfile-dump.ts";
import { isDecantError } from "../errors.ts";
import type { SourceRange } from "../source.ts";
import { expandWord, parseDockerfile, parseIgnore, createIgnoreMatcher } from "./index.ts";
import { expandWords } from "./expand.ts";
import { parseTrigger } from "./parser.ts";
import { resolveMount } from "./instructions/mount.ts";
import { compilePathPattern } from "./path-pattern.ts";
import { compileShellPattern, replaceMatches, trimPrefix, trimSuffix } from "./shell-pattern.ts";

const NAME = "Dockerfile";

/** Text made of what the grammar cares about. */
const pieces = fc.constantFrom(
  ..."FROM|RUN|COPY|ADD|ENV|LABEL|ARG|ONBUILD|HEALTHCHECK|SHELL|VOLUME|EXPOSE|CMD|from|# escape=`|# syntax=x|<<EOF|<<-'E F'|EOF|--mount=type=cache,id=|--link|--from=|--|=|[|]|\"|'|\\|`|,|$x|${x|:-|:?|#|%|/|}|a|b|é|\u{1f600}|\t|\r|\u00a0".split(
    "|",
  ),
  " ",
  " ",
  "\n",
  "\n",
  "\\\n",
  '["a", "b"]',
);
const soup = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(""));
const body = fc.array(pieces, { maxLength: 60 }).map((parts) => `FROM scratch\n${parts.join("")}`);

function isOurs(error: unknown): boolean {
  return isDecantError(error, "DOCKERFILE_SYNTAX") || isDecantError(error, "DOCKERFILE_SEMANTIC");
}

function orOurs(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isOurs(error)) throw error;
  }
}

/** Every range inside `value`. */
function* rangesOf(value: unknown): Generator<SourceRange> {
  if (typeof value !== "object" || value === null) return;
  if ("file" in value && "start" in value && "end" in value) {
    // The only values with these three fields are ranges.
    yield value as SourceRange;
    return;
  }
  for (const field of Object.values(value)) yield* rangesOf(field);
}

function assertInside(range: SourceRange): void {
  const lines = range.file.text.split("\n");
  for (const { line, column } of [range.start, range.end]) {
    const text = lines[line - 1];
    assert.ok(text !== undefined && column >= 1 && column <= text.length + 1, `${line}:${column}`);
  }
  assert.ok(range.start.line < range.end.line || (range.start.line === range.end.line && range.start.column <= range.end.column));
}

describe("properties", () => {
  it("parseDockerfile() never throws, and every range lies inside the text", () => {
    fc.assert(
      fc.property(fc.oneof(soup, body, fc.string({ unit: "binary" })), (text) => {
        const parsed = parseDockerfile(text, { name: NAME });
        for (const range of rangesOf({ ...parsed, file: undefined })) assertInside(range);
      }),
      { numRuns: 3000 },
    );
  });

  it("parseDockerfile() takes any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseDockerfile(bytes, { name: NAME })));
  });

  it("the original of an instruction parses to the same instruction", () => {
    fc.assert(
      fc.property(body, (text) => {
        const parsed = parseDockerfile(text, { name: NAME });
        for (const instruction of allInstructions(parsed).slice(1)) {
          // A line that ends in an escape character once its continuation is joined would continue again, as in BuildKit.
          if (/\\[ \t]*$/.test(instruction.line)) continue;
          const again = parseDockerfile(`FROM scratch\n${instruction.original}`, { name: NAME });
          const [, only, ...more] = allInstructions(again);
          assert.ok(only !== undefined && more.length === 0, JSON.stringify(instruction.original));
          assert.equal(showInstruction(only), showInstruction(instruction));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("a text that parses without diagnostics is the same with CRLF, but for heredocs", () => {
    fc.assert(
      fc.property(body, (text) => {
        if (/\r|<</.test(text)) return;
        const show = (input: string) => allInstructions(parseDockerfile(input, { name: NAME })).map(showInstruction);
        assert.deepEqual(show(text.replaceAll("\n", "\r\n")), show(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("expansion, triggers, mounts and ignore files throw nothing but their own errors", () => {
    const env = new Map([["x", "a b"]]);
    fc.assert(
      fc.property(soup, fc.constantFrom("\\", "`"), (text, escape) => {
        orOurs(() => expandWord(text, env, { escape }));
        orOurs(() => expandWords(text, env, { escape, quotes: "keep", escapes: "keep", unset: "keep" }));
        orOurs(() => parseTrigger(text, { name: NAME }));
        orOurs(() => createIgnoreMatcher(parseIgnore(text)).excludes("a/b"));
        const [run] = parseDockerfile(`FROM a\nRUN --mount=${text.replaceAll(/\s/g, "")} x`, { name: NAME }).stages[0]?.instructions ?? [];
        if (run?.kind === "run") orOurs(() => run.mounts.map((flag) => resolveMount(flag, (value) => value)));
      }),
      { numRuns: 2000 },
    );
  });

  it("text without special characters expands to itself", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/[$'"\\]/.test(text)),
        (text) => expandWord(text, new Map(), { escape: "\\" }).value === text,
      ),
    );
  });

  const small = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
  const subject = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 8 });

  it("shell patterns agree with trying every part of the value", () => {
    fc.assert(
      fc.property(small, subject, (pattern, value) => {
        const whole = (text: string): boolean => new RegExp(`^(?:${pattern.replaceAll("*", ".*").replaceAll("?", ".")})$`).test(text);
        const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
        const heads = lengths.filter((length) => whole(value.slice(0, length)));
        const tails = lengths.filter((length) => whole(value.slice(value.length - length)));
        const compiled = compileShellPattern(pattern);
        assert.equal(trimPrefix(compiled, value, false), value.slice(heads[0] ?? 0));
        assert.equal(trimPrefix(compiled, value, true), value.slice(heads.at(-1) ?? 0));
        assert.equal(trimSuffix(compiled, value, false), value.slice(0, value.length - (tails[0] ?? 0)));
        assert.equal(trimSuffix(compiled, value, true), value.slice(0, value.length - (tails.at(-1) ?? 0)));
      }),
      { numRuns: 2000 },
    );
  });

  it("replacing agrees with a regular expression", () => {
    fc.assert(
      fc.property(small, subject, (pattern, value) => {
        const source = pattern.replaceAll(/\*+/g, ".*").replaceAll("?", ".");
        assert.equal(replaceMatches(compileShellPattern(pattern), value, "X", false), value.replace(new RegExp(source), "X"));
      }),
      { numRuns: 2000 },
    );
  });

  it("path patterns agree with a plain recursive matcher, whichever way they are compiled", () => {
    const part = fc.constantFrom("a", "b", "*", "?", "**", "a*", "*b*a", "[ab]", "a\\*");
    const patterns = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
    const paths = fc
      .array(fc.constantFrom("a", "b", "ab", "aba", "a*", "bba"), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join("/"));
    // Several paths after another: a pattern goes on from the folder of the last one.
    fc.assert(
      fc.property(patterns, fc.array(paths, { minLength: 1, maxLength: 4 }), (pattern, tried) => {
        const test = compilePathPattern(pattern);
        for (const path of tried) assert.equal(test(path), matchesSlowly(pattern, path), path);
      }),
      { numRuns: 5000 },
    );
  });
});

/** The oracle: only for patterns whose "**" are whole parts. */
function matchesSlowly(pattern: string, path: string): boolean {
  if (pattern === "") return path === "";
  if (pattern === "**") return true;
  if (pattern.startsWith("**/")) {
    const rest = pattern.slice(3);
    return matchesSlowly(rest, path) || Array.from(path).some((char, at) => char === "/" && matchesSlowly(rest, path.slice(at + 1)));
  }
  const [first = ""] = pattern;
  if (first === "*") {
    for (let at = 0; at <= path.length; at += 1) {
      if (matchesSlowly(pattern.slice(1), path.slice(at))) return true;
      if (path[at] === "/") return false;
    }
    return false;
  }
  if (path === "") return false;
  if (first === "?") return path[0] !== "/" && matchesSlowly(pattern.slice(1), path.slice(1));
  if (first === "[") return /^[ab]/.test(path) && matchesSlowly(pattern.slice(4), path.slice(1));
  const length = first === "\\" ? 2 : 1;
  return pattern[length - 1] === path[0] && matchesSlowly(pattern.slice(length), path.slice(1));
}
