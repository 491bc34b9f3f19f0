import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { parseSourcePolicy } from "./source-policy.ts";

function said(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (isDecantError(error, "SOURCE_POLICY")) return error.message;
    throw error;
  }
}

type Attrs = Readonly<Record<string, string>>;

/** What a policy of `rules` makes of a source. */
function judged(rules: unknown, identifier: string, attrs: Attrs = {}): string {
  return said(() => {
    const taken = parseSourcePolicy(JSON.stringify({ rules }), "p.json").apply({ identifier, attrs });
    const changed = Object.entries(taken.attrs).map(([key, value]) => `${key}=${value}`);
    return [taken.identifier, ...changed].join(" ");
  });
}

const rule = (action: string, identifier: string, more: object = {}, updates?: object): object => ({
  action,
  selector: { identifier, ...more },
  ...(updates === undefined ? {} : { updates }),
});
const BUSYBOX = "docker-image://docker.io/library/busybox:1.34.1";
const ALL = "docker-image://docker.io/library/busybox:*";
const regex = { match_type: "REGEX" };
const exact = { match_type: "EXACT" };
const where = (key: string, value: string, condition?: string | number): object => ({
  constraints: [{ key, value, ...(condition === undefined ? {} : { condition }) }],
});
const denied = (number: number, identifier = BUSYBOX): string =>
  `Cannot use source "${identifier}": rule ${number} of "p.json" denies it (source denied by policy)`;

const ROWS: readonly {
  readonly name: string;
  readonly rules: unknown;
  readonly source?: string;
  readonly attrs?: Attrs;
  readonly want: string;
}[] = [
  { name: "no rules allow", rules: [], want: BUSYBOX },
  { name: "denies by the whole name", rules: [rule("DENY", BUSYBOX)], want: denied(1) },
  { name: "denies by a wildcard, which is the default", rules: [rule("DENY", ALL)], want: denied(1) },
  { name: "a star fits schemes, too", rules: [rule("DENY", "*")], source: "https://a/b", want: denied(1, "https://a/b") },
  { name: "another scheme does not fit", rules: [rule("DENY", "http://*")], want: BUSYBOX },
  { name: "exact means no wildcard", rules: [rule("DENY", ALL, exact)], want: BUSYBOX },
  { name: "the last rule that fits wins: allow", rules: [rule("DENY", "*"), rule("ALLOW", ALL)], want: BUSYBOX },
  { name: "the last rule that fits wins: deny", rules: [rule("ALLOW", ALL), rule("DENY", "*"), rule("ALLOW", "git://*")], want: denied(2) },
  { name: "expressions are searched", rules: [rule("DENY", "busy.ox:[0-9]", regex)], want: denied(1) },
  { name: "numbers of enumerations", rules: [{ action: 1, selector: { identifier: "busybox", match_type: 2 } }], want: denied(1) },
  { name: "an attribute that equals", rules: [rule("DENY", "*", where("a", "1"))], attrs: { a: "1" }, want: denied(1) },
  { name: "an attribute that does not equal", rules: [rule("DENY", "*", where("a", "1"))], attrs: { a: "2" }, want: `${BUSYBOX} a=2` },
  { name: "an attribute that is not there is empty", rules: [rule("DENY", "*", where("a", "1", "NOTEQUAL"))], want: denied(1) },
  {
    name: "an attribute that fits an expression",
    rules: [rule("DENY", "*", where("a", "^b\\w+", "MATCHES"))],
    attrs: { a: "bar" },
    want: denied(1),
  },
  { name: "no name of an object is an attribute", rules: [rule("DENY", "*", where("constructor", "", "NOTEQUAL"))], want: BUSYBOX },
  { name: "converts", rules: [rule("CONVERT", BUSYBOX, {}, { identifier: `${BUSYBOX}@sha256:1` })], want: `${BUSYBOX}@sha256:1` },
  {
    name: "converts with what a wildcard stands for",
    rules: [rule("CONVERT", "docker-image://docker.io/library/*:*", {}, { identifier: "docker-image://m.example/${1}:${2}-x" })],
    want: "docker-image://m.example/busybox:1.34.1-x",
  },
  {
    name: "converts with groups, where the expression is",
    rules: [rule("CONVERT", "docker\\.io/library/(.*):", regex, { identifier: "m.example/$1:" })],
    want: "docker-image://m.example/busybox:1.34.1",
  },
  {
    name: "sets attributes, and keeps the name",
    rules: [rule("CONVERT", "https://a/b", exact, { attrs: { "http.checksum": "sha256:1" } })],
    source: "https://a/b",
    want: "https://a/b http.checksum=sha256:1",
  },
  {
    name: "a conversion is judged anew, also by rules before it",
    rules: [rule("DENY", "docker-image://m.example/*"), rule("CONVERT", ALL, {}, { identifier: "docker-image://m.example/x" })],
    want: denied(1, "docker-image://m.example/x"),
  },
  {
    name: "a conversion comes before a denial after it",
    rules: [rule("CONVERT", ALL, {}, { identifier: "docker-image://m.example/x" }), rule("DENY", ALL)],
    want: "docker-image://m.example/x",
  },
  {
    name: "conversions that go round end",
    rules: [rule("CONVERT", "a", exact, { identifier: "b" }), rule("CONVERT", "b", exact, { identifier: "a" })],
    source: "a",
    want: 'Cannot use source "a": its conversions do not end (too many mutations on a single source)',
  },
  {
    name: "conversions that grow end",
    rules: [rule("CONVERT", "(.*)", regex, { identifier: "$1$1$1$1$1$1$1$1$1" })],
    want: 'Cannot use source policy "p.json": rule 1 cannot be used: it makes names longer than 8192 characters',
  },
  { name: "no updates", rules: [rule("CONVERT", "*")], want: 'Cannot use source policy "p.json": rule 1 converts, and has no updates' },
  { name: "two stars", rules: [rule("DENY", "a**")], want: 'Cannot use source policy "p.json": rule 1 has the wildcard "**"; wanted "*"' },
  {
    name: "an expression that cannot be read",
    rules: [rule("DENY", "(", regex)],
    want: 'Cannot use source policy "p.json": rule 1 cannot be used: ")" is missing',
  },
  {
    name: "an expression that hangs elsewhere",
    rules: [rule("DENY", "^(a+)+$", regex)],
    source: `${"a".repeat(5000)}!`,
    want: `${"a".repeat(5000)}!`,
  },
  {
    name: "an unknown action",
    rules: [rule("ASK", "*")],
    want: 'Cannot use source policy "p.json": "rules.0.action" is not right: wanted ALLOW, DENY, CONVERT',
  },
  {
    name: "a rule without a selector",
    rules: [{ action: "DENY" }],
    want: 'Cannot use source policy "p.json": "rules.0.selector" is missing',
  },
  {
    name: "a misspelt key",
    rules: [rule("DENY", "*", { matchType: "REGEX" })],
    want: 'Cannot use source policy "p.json": "rules.0.selector" has no key "matchType"',
  },
  { name: "no list", rules: {}, want: 'Cannot use source policy "p.json": "rules" is not right: wanted a list' },
];

describe("source policies", () => {
  for (const { name, rules, source = BUSYBOX, attrs, want } of ROWS)
    it(`F6: ${name}`, () => assert.equal(judged(rules, source, attrs), want));

  it("F6: passwords are not told", () => {
    assert.equal(judged([rule("DENY", "*")], "https://user:pw@a/b?token=abcdef"), denied(1, "https://a/b?token=xxxxx"));
  });

  it("F6: whatever stands in a policy, it is read or refused", () => {
    assert.match(
      said(() => typeof parseSourcePolicy("[", "p.json")),
      /is not JSON/,
    );
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (rules, identifier) => void judged([rules], identifier)));
  });
});
