import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { RegexpProblem } from "./parse.ts";
import { linearRegexp, quoteRegexp } from "./regexp.ts";

function said(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    if (error instanceof RegexpProblem) return error.message;
    throw error;
  }
}

const MATCHES: readonly (readonly [expression: string, text: string, want: boolean])[] = [
  ["", "", true],
  ["b", "abc", true],
  ["^b", "abc", false],
  ["c$", "abc\n", false],
  ["(?m)c$", "abc\n", true],
  ["(?m:^)b", "a\nb", true],
  [String.raw`\Aa.c\z`, "abc", true],
  ["a.c", "a\nc", false],
  ["(?s)a.c", "a\nc", true],
  ["(?i)ABC", "xabcx", true],
  ["(?i:a)B", "AB", true],
  ["(?i:a)B", "Ab", false],
  ["a(?i)b", "AB", false],
  ["^a{2,3}$", "aaaa", false],
  ["^a{2,}$", "aaaa", true],
  ["^a{2}$", "aa", true],
  ["^a{,2}$", "a{,2}", true],
  ["^[^a-c]+$", "xyz", true],
  ["^[]a]+$", "]a", true],
  ["^[a-]+$", "a-", true],
  [String.raw`^[\d\-.]+$`, "1-2.3", true],
  ["^[[:alpha:]]+$", "aZ", true],
  ["^[[:^alpha:]]+$", "12", true],
  [String.raw`^\w+\s\W$`, "ab .", true],
  [String.raw`\bdebian\b`, "x/debian:13", true],
  [String.raw`\Bian\b`, "debian", true],
  [String.raw`^\Q*.*\E$`, "*.*", true],
  [String.raw`^\Qa\E+$`, "aaa", true],
  [String.raw`^\x61\x{1F600}\141$`, "a😀a", true],
  ["^.$", "😀", true],
  ["(a|ab)(c|bcd)$", "abcd", true],
  ["(?:)*", "a", true],
  ["(a*)*b", "aab", true],
];

const REPLACED: readonly (readonly [expression: string, text: string, template: string, want: string | undefined])[] = [
  ["x", "abc", "y", undefined],
  ["b", "abcb", "[$0]", "a[b]c[b]"],
  ["(a)(b)?", "ac", "$1-$2-$3", "a--c"],
  ["(a)", "a", "$1x", ""],
  ["(a)", "a", "${1}x$$", "ax$"],
  ["(?P<name>a)(?<other>b)", "ab", "${other}$name", "ba"],
  ["(?P<1>a)", "a", "$1", "a"],
  ["a*", "baac", "-", "-b-c-"],
  ["a|ab", "ab", "x", "xb"],
  ["ab|a", "ab", "x", "x"],
  ["a+?", "aa", "x", "xx"],
  ["(?U)a+", "aa", "x", "xx"],
  ["(.*):(.*)", "a:b:c", "$1|$2", "a:b|c"],
  ["(.*?):(.*)", "a:b:c", "$1|$2", "a|b:c"],
  ["(a)|b", "ba", "[$1]", "[][a]"],
];

const REFUSED: readonly (readonly [expression: string, want: RegExp])[] = [
  [String.raw`(a)\1`, /backreferences/],
  ["(?=a)", /\(\?=" is not in the language/],
  ["(?<!a)", /cannot name a group|"\(\?<|ends too early/],
  ["(", /"\)" is missing/],
  [")", /without "\("/],
  ["[a", /too early/],
  ["[b-a]", /backwards/],
  ["[[:what:]]", /no class/],
  ["*a", /nothing to repeat/],
  ["a**", /follows another/],
  ["a{1001}", /at most 1000/],
  ["a{2,1}", /at most 1000/],
  [String.raw`\p{Greek}`, /not in the language/],
  [String.raw`\x{110000}`, /no character/],
  ["(?P<a>.)(?P<a>.)", /cannot name/],
  ["((a{1000}){1000}){1000}", /too large/],
  ["(".repeat(300) + ")".repeat(300), /nested/],
  ["a".repeat(5000), /longer/],
  ["a\\", /too early/],
];

describe("linearRegexp()", () => {
  for (const [expression, text, want] of MATCHES)
    it(`F6: ${JSON.stringify(expression)} on ${JSON.stringify(text)}`, () => assert.equal(linearRegexp(expression).matches(text), want));
  for (const [expression, text, template, want] of REPLACED)
    it(`F6: replaces ${expression} in ${text} by ${template}`, () => assert.equal(linearRegexp(expression).replace(text, template), want));
  for (const [expression, want] of REFUSED)
    it(`F6: refuses ${expression.slice(0, 40)}`, () =>
      assert.match(
        said(() => linearRegexp(expression)),
        want,
      ));

  it("F6: agrees with JavaScript where both mean the same", () => {
    const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "(a|b)", "(?:ab)", "(a|ab)", "^", "$");
    const part = fc
      .tuple(atom, fc.constantFrom("", "", "*", "+", "?", "*?", "{1,2}"))
      .map(([one, times]) => (/[$^]$/.test(one) && one.length === 1 ? one : one + times));
    const expression = fc
      .array(
        fc.array(part, { maxLength: 4 }).map((parts) => parts.join("")),
        { minLength: 1, maxLength: 3 },
      )
      .map((all) => all.join("|"));
    fc.assert(
      fc.property(expression, fc.stringMatching(/^[abc]{0,8}$/), (text, subject) => {
        assert.equal(linearRegexp(text).matches(subject), new RegExp(text, "u").test(subject));
        const first = linearRegexp(`(?:${text})(c?)`).replace(subject, "<$0>");
        const same = new RegExp(`(?:${text})(c?)`, "u").exec(subject);
        assert.equal(first === undefined, same === null);
        if (same !== null && same[0] !== "")
          assert.ok(first?.startsWith(`${subject.slice(0, same.index)}<${same[0]}>`), `${text} ${subject} ${first}`);
      }),
    );
  });

  it("F6: whatever is written, it is read or refused, and quoted text means itself", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (text) => {
        said(() => linearRegexp(text).matches(text));
        assert.equal(linearRegexp(`^${quoteRegexp(text)}$`).matches(text), true);
      }),
    );
  });

  it("F6: what takes other engines for ever takes a bounded number of steps", () => {
    const long = "a".repeat(8000);
    assert.equal(linearRegexp("^(a+)+$").matches(`${long}b`), false);
    assert.equal(linearRegexp("^(a|aa)+$").matches(`${long}b`), false);
    assert.equal(linearRegexp("(.*)(.*)(.*)(.*)(.*)(.*)x").matches(long), false);
    assert.match(
      said(() => linearRegexp("(a?){900}b").matches(long)),
      /takes too long/,
    );
    assert.match(
      said(() => linearRegexp("a*b|").replace(long, "")),
      /takes too long/,
    );
  });
});
