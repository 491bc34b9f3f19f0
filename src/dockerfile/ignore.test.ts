import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { fromText } from "../paths.ts";
import { createIgnoreMatcher, excludePatterns, hasWildcard, parseIgnore } from "./index.ts";
import { matchGlob } from "./glob.ts";
import { compilePathPattern } from "./path-pattern.ts";

describe("parseIgnore()", () => {
  const rows: readonly { name: string; input: string; want: readonly string[] }[] = [
    { name: "S96: comments only in column 0", input: "# x\n #y\na#b", want: ["#y", "a#b"] },
    { name: "S96: byte order mark, blanks, CRLF, empty lines", input: "\ufeffa \r\n\r\n\t b\r\n", want: ["a", "b"] },
    { name: "S96: ! then trimmed", input: "! a\n!/b", want: ["!a", "!b"] },
    { name: "S96: cleaned, one leading slash dropped", input: "/a//b/./c/\n./d\na/../e\n//f\n/", want: ["a/b/c", "d", "e", "f", "/"] },
  ];
  for (const { name, input, want } of rows) {
    it(name, () =>
      assert.deepEqual(
        parseIgnore(input).map((each) => (each.negated ? "!" : "") + each.pattern),
        want,
      ),
    );
  }
  it("S99: ! alone is an error with its place", () => {
    assert.throws(() => parseIgnore("a\n ! \n"), { code: "DOCKERFILE_SYNTAX", message: /illegal exclusion pattern: "!"/ });
  });
  it("R13: a class that runs backwards is an error, as in moby", () => {
    for (const pattern of ["[b-a]", "!x/[^z-y]*", "a/**/[a-zB-A]"])
      assert.throws(() => parseIgnore(pattern), {
        code: "DOCKERFILE_SEMANTIC",
        message: /syntax error in pattern/,
        hint: /smaller character first/,
      });
    assert.throws(() => excludePatterns([{ text: "[b-a]" }]), { code: "DOCKERFILE_SEMANTIC" });
  });
  it("H4: a pattern longer than any path is an error that does not repeat it", () => {
    assert.throws(() => parseIgnore(`b\n${"*a".repeat(40_000)}`), {
      code: "DOCKERFILE_SEMANTIC",
      message: /^Cannot use the pattern "(?:\*a){20}…": it has 80000 characters; at most 65536 are read$/,
    });
  });
  it("rejects a malformed pattern", () =>
    assert.throws(() => parseIgnore("a[b"), { code: "DOCKERFILE_SEMANTIC", message: /syntax error in pattern/ }));
  it("excludePatterns() knows no comments", () => {
    assert.deepEqual(excludePatterns([{ text: "#a" }, { text: "!b" }, { text: " " }]), [
      { pattern: "#a", negated: false },
      { pattern: "b", negated: true },
    ]);
  });
});

describe("compilePathPattern()", () => {
  const rows: readonly { pattern: string; yes: readonly string[]; no: readonly string[] }[] = [
    { pattern: "foo", yes: ["foo"], no: ["a/foo", "foo/a", "fo"] },
    { pattern: "*", yes: ["a", ".a"], no: ["a/b"] },
    { pattern: "*/b", yes: ["a/b"], no: ["b", "a/c/b"] },
    { pattern: "a/**", yes: ["a/b", "a/b/c"], no: ["a", "b/a/c", "ab"] },
    { pattern: "**/x", yes: ["x", "a/x", "a/b/x"], no: ["ax", "x/a"] },
    { pattern: "**", yes: ["a", "a/b"], no: [] },
    { pattern: "a/**/b", yes: ["a/b", "a/x/b", "a/x/y/b"], no: ["ab", "a/xb", "b"] },
    { pattern: "**/*.go", yes: ["a.go", "x/.go", "x/y/a.go"], no: ["a.gox"] },
    { pattern: "a**", yes: ["a", "abc", "ab/c"], no: ["b"] },
    { pattern: "**a", yes: ["a", "ba", "c/ba"], no: ["ab"] },
    { pattern: "**/a/**/b*c?", yes: ["a/bcd", "x/a/y/bzcz"], no: ["a/bc", "ba/bcd"] },
    { pattern: "a[b-d]?", yes: ["abx", "adx"], no: ["aex", "ab/"] },
    { pattern: "a[^b]c", yes: ["axc"], no: ["abc"] },
    { pattern: "a\\*", yes: ["a*"], no: ["ab"] },
    { pattern: "a.c+(x)|y^z$", yes: ["a.c+(x)|y^z$"], no: ["abc"] },
    { pattern: "é?", yes: ["éé"], no: ["é"] },
    { pattern: "**/**", yes: ["a", "a/b"], no: [] },
    { pattern: "**/**/x", yes: ["x", "a/x", "a/b/x"], no: ["ax", "x/a"] },
    { pattern: "a**/**b/*", yes: ["ab/c", "a/x/b/c", "ax/b/", "ax/y/b/c"], no: ["a/b", "a/xb/c", "ab"] },
    { pattern: `${"*a".repeat(30)}b`, yes: [`${"a".repeat(30)}b`], no: ["a".repeat(200)] },
  ];
  for (const { pattern, yes, no } of rows) {
    it(`S98: ${pattern.slice(0, 20)}`, () => {
      const test = compilePathPattern(pattern);
      assert.deepEqual([yes.filter((path) => !test(path)), no.filter((path) => test(path))], [[], []]);
    });
  }
});

describe("createIgnoreMatcher()", () => {
  const rows: readonly { name: string; patterns: string; kept: readonly string[]; out: readonly string[] }[] = [
    { name: "S97: a directory takes its subtree with it", patterns: "a", kept: ["b", "b/a"], out: ["a", "a/b", "a/b/c"] },
    { name: "S97: the last match wins", patterns: "*.md\n!README.md", kept: ["README.md", "x/y.md"], out: ["x.md"] },
    { name: "S97: ! brings a child back", patterns: "a\n!a/b", kept: ["a/b", "a/b/c"], out: ["a", "a/c"] },
    { name: "S97: and a later pattern takes it away again", patterns: "a\n!a/b\na/b/c", kept: ["a/b", "a/b/d"], out: ["a/b/c", "a/b/c/d"] },
    { name: "S97: ! first does nothing", patterns: "!a\na", kept: [], out: ["a", "a/b"] },
    { name: "S97: * and !", patterns: "*\n!src", kept: ["src", "src/a"], out: ["a", "b/src"] },
    { name: "S98: everything but some", patterns: "**\n!**/*.go", kept: ["a.go", "x/y.go"], out: ["a", "x", "x/y"] },
    { name: "a ! for a directory that was not out when it was passed", patterns: "a/b\n!a", kept: ["a", "a/c"], out: ["a/b", "a/b/c"] },
    { name: "no patterns", patterns: "", kept: ["a"], out: [] },
    { name: "other scripts", patterns: "é?", kept: ["é", "e"], out: ["éé", "éé/x"] },
  ];
  for (const { name, patterns, kept, out } of rows) {
    it(name, () => {
      const matcher = createIgnoreMatcher(parseIgnore(patterns));
      const paths = [...kept, ...out].toSorted();
      assert.deepEqual(
        paths.filter((path) => matcher.excludes(fromText(path))),
        out.toSorted(),
      );
      assert.deepEqual(
        paths.toReversed().filter((path) => matcher.excludes(fromText(path))),
        out.toSorted().toReversed(),
      );
    });
  }

  const walks: readonly { patterns: string; path: string; want: boolean }[] = [
    { patterns: "a", path: "a", want: false },
    { patterns: "a\n!a/b", path: "a", want: true },
    { patterns: "a\n!a/b", path: "a/c", want: false },
    { patterns: "a\n!c/b", path: "a", want: false },
    { patterns: "a\n!**/b", path: "a/x/y", want: true },
    { patterns: "!**/b\na", path: "a", want: false },
    { patterns: "a\n!*/b", path: "a", want: true },
    { patterns: "a\n!*/b", path: "a/c/d", want: false },
    { patterns: "a\n!b", path: "c", want: true },
  ];
  for (const { patterns, path, want } of walks) {
    it(`mayReinclude() of ${path} with ${JSON.stringify(patterns)}`, () => {
      assert.equal(createIgnoreMatcher(parseIgnore(patterns)).mayReinclude(path), want);
    });
  }
});

/** Each would take minutes if a pattern were tried against a path from its start for every folder above it. */
describe("H4: patterns and paths that are long in every way", () => {
  const deep = (name: string, count: number): string => `${`${name}/`.repeat(count)}c`;
  const rows: readonly { name: string; pattern: string; path: string; want: boolean }[] = [
    { name: "many stars, many folders", pattern: "*a".repeat(24_500), path: deep("a", 300), want: false },
    { name: "many stars, long names", pattern: `${"*a".repeat(240)}c`, path: deep("a".repeat(250), 16), want: false },
    { name: "two **", pattern: "**/a/**/?c", path: deep("a", 2000), want: false },
    { name: "many **", pattern: `${"**/a/".repeat(650)}?c`, path: deep("a", 2000), want: false },
    { name: "many ** that match the last folder only", pattern: `${"**/a/".repeat(650)}c`, path: deep("a", 2000), want: true },
    { name: "** in a row", pattern: `${"**/".repeat(20_000)}?c`, path: deep("a", 2000), want: false },
    { name: "** and stars", pattern: `**/${"*a".repeat(100)}/**/c`, path: deep("a".repeat(250), 16), want: true },
  ];
  for (const { name, pattern, path, want } of rows)
    it(name, () => {
      const matcher = createIgnoreMatcher(parseIgnore(`${pattern}\n!${pattern}/x\n`));
      assert.equal(matcher.excludes(fromText(path)), want);
    });
});

describe("matchGlob()", () => {
  const rows: readonly { pattern: string; name: string; want: boolean }[] = [
    { pattern: "abc", name: "abc", want: true },
    { pattern: "*", name: ".abc", want: true },
    { pattern: "*", name: "a/b", want: false },
    { pattern: "*c", name: "abc", want: true },
    { pattern: "a*/b", name: "abc/b", want: true },
    { pattern: "a*/b", name: "a/c/b", want: false },
    { pattern: "a*b*c*d*e*/f", name: "axbxcxdxexxx/f", want: true },
    { pattern: "a*b?c*x", name: "abxbbxdbxebxczzx", want: true },
    { pattern: "a*b?c*x", name: "abxbbxdbxebxczzy", want: false },
    { pattern: "ab[b-d]", name: "abc", want: true },
    { pattern: "ab[^b-d]", name: "abc", want: false },
    { pattern: "a\\*b", name: "a*b", want: true },
    { pattern: "a?b", name: "a/b", want: false },
    { pattern: "[[]x", name: "[x", want: true },
    { pattern: "[\\]a]", name: "]", want: true },
    { pattern: "a**b", name: "axyb", want: true },
    { pattern: "?", name: "é", want: true },
    { pattern: "[à-ü]", name: "é", want: true },
    { pattern: "", name: "", want: true },
  ];
  for (const { pattern, name, want } of rows) {
    it(`S80: ${pattern} and ${name}`, () => assert.equal(matchGlob(fromText(pattern), fromText(name)), want));
  }
  for (const pattern of ["[", "[]a]", "[a", "[a-]", "[-x]", "a\\", "[x-", "[^"]) {
    it(`S80: rejects ${pattern}`, () => assert.throws(() => matchGlob(pattern, "a"), /syntax error in pattern/));
  }
  it("S80: tells of JSON that is not closed", () =>
    assert.throws(
      () => matchGlob('["a.txt",', "a"),
      (error) => isDecantError(error) && /write it as JSON/.test(error.hint ?? ""),
    ));
  it("hasWildcard() obeys escapes", () =>
    assert.deepEqual(["a*", "a?", "[a", "a\\*", "a\\\\*", "a"].map(hasWildcard), [true, true, true, false, true, false]));
});
