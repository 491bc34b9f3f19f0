import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { expandWord } from "./index.ts";
import { type ExpandOptions, expandWords } from "./expand.ts";

const ENV = new Map([
  ["x", "hello"],
  ["empty", ""],
  ["path", "/usr/local/bin"],
  ["name", "foobarbaz"],
  ["two", "a  b"],
  ["star", "ab*cd"],
  ["lines", "a\nb"],
  ["한", "korean"],
]);
const DEFAULTS: ExpandOptions = { escape: "\\" };

describe("expandWord()", () => {
  const rows: readonly { name: string; input: string; want: string; options?: Partial<ExpandOptions> }[] = [
    { name: "S15: $x", input: "a$x.b", want: "ahello.b" },
    { name: "S15: ${x}", input: "a${x}b", want: "ahellob" },
    { name: "S15: unset is empty", input: "a$nope-b", want: "a-b" },
    {
      name: "S15: unset can stay",
      input: "$nope ${nope} ${nope:-y$x} $x",
      want: "$nope ${nope} ${nope:-y$x} hello",
      options: { unset: "keep" },
    },
    { name: "names may have letters of any script", input: "$한국", want: "" },
    { name: "a set name of another script", input: "$한-", want: "korean-" },
    { name: "S16: an escaped dollar", input: "\\$x", want: "$x" },
    { name: "S16: a backtick as escape character", input: "`$x \\$x", want: "$x \\hello", options: { escape: "`" } },
    { name: "S16: single quotes", input: "'$x \\n \"'", want: '$x \\n "' },
    { name: "S16: double quotes", input: '"$x \\$x \\" \\\\ \\n \'"', want: "hello $x \" \\ \\n '" },
    { name: "S16: an escape in a plain word", input: "a\\ \\n\\\\b", want: "a n\\b" },
    { name: "an escape at the end", input: "a\\", want: "a" },
    { name: "S17: :- and -", input: "${nope:-d}${nope-d}|${empty:-d}|${empty-d}|${x:-d}", want: "dd|d||hello" },
    { name: "S17: :+ and +", input: "${nope:+a}|${nope+a}|${empty:+a}|${empty+a}|${x:+a}", want: "|||a|a" },
    { name: "S17: ? of what is set", input: "${x:?m}${empty?m}", want: "hello" },
    { name: "nested defaults", input: '${nope:-${empty:-"q ${x}"}}', want: "q hello" },
    { name: "a quoted brace", input: "${nope:-a'}'b\\}c}", want: "a}b}c" },
    { name: "S18: # and ##", input: "${name#*b}|${name##*b}|${path#/}|${name#x}", want: "arbaz|az|usr/local/bin|foobarbaz" },
    { name: "S18: % and %%", input: "${name%b*}|${name%%b*}|${path%/*}", want: "foobar|foo|/usr/local" },
    { name: "S18: ?", input: "${name#???}|${name%?}", want: "barbaz|foobarba" },
    { name: "S18: escaped star", input: "${star#*\\*}|${star%\\**}", want: "cd|ab" },
    { name: "S18: no brackets", input: "${name#[f]}", want: "foobarbaz" },
    { name: "S18: / and //", input: "${name/ba/_}|${name//ba/_}|${name//a?/_}|${name/zz/_}", want: "foo_rbaz|foo_r_z|foob_b_|foobarbaz" },
    { name: "S18: / in the pattern", input: "${path/\\//_}|${path//\\//_}", want: "_usr/local/bin|_usr_local_bin" },
    { name: "an escape in the replacement stays", input: "${path/\\//\\/}", want: "\\/usr/local/bin" },
    { name: "the longest match is replaced", input: "${name/b*a/_}|${name//*/_}", want: "foo_z|_" },
    { name: "an empty pattern matches everywhere", input: "${x///-}", want: "-h-e-l-l-o-" },
    { name: "a replacement is literal", input: "${name/ba/$x}", want: "foohellorbaz" },
    { name: "wildcards stay on their line", input: "${lines#*}|${lines##*}", want: "a\nb|\nb" },
    { name: "S19: special parameters are unset names", input: "$@$*$#$?$-$$$!$0$1a", want: "a" },
    { name: "a dollar that names nothing", input: '$ $. "$"', want: "$ $. $" },
    { name: "less-than signs", input: "a<b<<c< <", want: "a<b<<c< <" },
    { name: "S109: quotes ignored", input: "\"$x\" '$x' it's \\$x", want: "\"hello\" 'hello' it's $x", options: { quotes: "ignore" } },
    { name: "quotes kept", input: "\"$x\" 'a\\b'", want: "\"hello\" 'a\\b'", options: { quotes: "keep" } },
    { name: "escapes kept", input: 'a\\ b "\\$"', want: "a\\ b \\$", options: { escapes: "keep" } },
  ];
  for (const { name, input, want, options } of rows) {
    it(name, () => assert.equal(expandWord(input, ENV, { ...DEFAULTS, ...options }).value, want));
  }

  const failures: readonly { input: string; want: RegExp }[] = [
    { input: "${nope:?why not}", want: /: nope: why not$/ },
    { input: "${nope?}", want: /: nope: is not allowed to be unset$/ },
    { input: "${empty:?}", want: /: empty: is not allowed to be empty$/ },
    { input: "${x:-${nope:?boom}}", want: /: nope: boom$/ },
    { input: "${}", want: /bad substitution/ },
    { input: "${:x}", want: /bad substitution/ },
    { input: "${x", want: /missing '}'/ },
    { input: "${x:-y", want: /missing '}'/ },
    { input: "${", want: /missing '}'/ },
    { input: "${x/y}", want: /missing '\/' in \$\{\}/ },
    { input: "${x^y}", want: /unsupported modifier \(\^\) in substitution/ },
    { input: "${x:#y}", want: /unsupported modifier \(:#\) in substitution/ },
    { input: "${x:3}", want: /unsupported modifier \(:3\) in substitution/ },
    { input: "${x#\\a}", want: /invalid pattern \(\\a\) in substitution: invalid escape '\\a'/ },
    { input: "'a", want: /matching single-quote/ },
    { input: '"a', want: /matching double-quote/ },
    { input: "${x:-".repeat(100_000), want: /nested more than 200 deep/ },
    { input: '"${x:-'.repeat(100_000), want: /nested more than 200 deep/ },
  ];
  for (const { input, want } of failures) {
    it(`fails for ${input.slice(0, 30)}`, () => {
      assert.throws(
        () => expandWord(input, ENV, DEFAULTS),
        (error) => isDecantError(error, "DOCKERFILE_SEMANTIC") && want.test(error.message),
      );
    });
  }

  it("names the variables that were asked for, also in defaults that are not used", () => {
    const { matched, unmatched } = expandWord("$x ${empty:-$a} ${x:+$b} $x '$c' $a", ENV, DEFAULTS);
    assert.deepEqual({ matched, unmatched }, { matched: ["x", "empty"], unmatched: ["a", "b"] });
  });

  it("refuses to grow without end", () => {
    const env = new Map([["big", "x".repeat(1 << 20)]]);
    assert.throws(() => expandWord("$big".repeat(17), env, DEFAULTS), /more than 16777216 characters/);
  });

  it("refuses a pattern that would take too long", () => {
    const env = new Map([["big", "a".repeat(1 << 16)]]);
    assert.throws(() => expandWord(`\${big##${"*a".repeat(1000)}b}`, env, DEFAULTS), /too long/);
  });

  it("gives the place of the text to its error", () => {
    const file = { name: "f", text: "$" };
    const range = { file, start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
    assert.throws(
      () => expandWord("${", ENV, { ...DEFAULTS, range }),
      (error) => isDecantError(error) && error.source[0] === range,
    );
  });
});

describe("expandWords()", () => {
  const rows: readonly { input: string; want: readonly string[] }[] = [
    { input: "a b  c", want: ["a", "b", "c"] },
    { input: "q${two}r", want: ["qa", "br"] },
    { input: 'q"${two}"r', want: ["qa  br"] },
    { input: "a\\ b 'c d'", want: ["a b", "c d"] },
    { input: "$empty '' a", want: ["a"] },
    { input: "80${nope:-80}/tcp", want: ["8080/tcp"] },
  ];
  for (const { input, want } of rows) it(`S54: ${input}`, () => assert.deepEqual(expandWords(input, ENV, DEFAULTS).words, want));
});
