/**
 * Source policies in BuildKit's JSON form (its sourcepolicy/pb/policy.proto): rules that allow, deny or convert what a build fetches. As there, the last
 * rule that fits decides; the first conversion that changes something ends the pass, and what it gave is judged anew.
 */
import * as v from "valibot";
import { DecantError } from "../errors.ts";
import { shapeProblem } from "../shape-problem.ts";
import type { SourceRange } from "../source.ts";
import { type FilePlace, pathOfPlace, readNamedFile } from "../sys/index.ts";
import { publicUrl } from "../url-secrets.ts";
import { type LinearRegexp, linearRegexp, quoteRegexp, type RegexpWork } from "./linear-regexp/regexp.ts";
import { RegexpProblem } from "./linear-regexp/parse.ts";

/** What a policy is asked about: the identifier and attributes of a source in LLB. */
export interface PolicySource {
  /** "docker-image://docker.io/library/alpine:3", "https://…", "git://…", "local://context" */
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** A policy that can be asked. */
export interface SourcePolicy {
  /** What is to be fetched instead of `source`: itself, where no rule changes it. Throws `SOURCE_POLICY`, with `range`, for what is denied. */
  apply<Source extends PolicySource>(source: Source, range?: SourceRange): Source;
}

interface Rule {
  /** From 1 on. */
  readonly number: number;
  readonly action: (typeof ACTIONS)[number];
  /** What it selects, as it is written. */
  readonly selector: string;
  readonly pattern: "EXACT" | Pattern;
  readonly constraints: readonly Constraint[];
  readonly updates: { readonly identifier: string; readonly attrs: Readonly<Record<string, string>> } | undefined;
}

interface Pattern extends LinearRegexp {
  readonly kind: "WILDCARD" | "REGEX";
}

interface Constraint {
  readonly key: string;
  readonly holds: (value: string) => boolean;
}

const ACTIONS = ["ALLOW", "DENY", "CONVERT"] as const;
const MATCH_TYPES = ["WILDCARD", "EXACT", "REGEX"] as const;
const CONDITIONS = ["EQUAL", "NOTEQUAL", "MATCHES"] as const;
const MAX_BYTES = 1024 * 1024;
const MAX_RULES = 1000;
/** As BuildKit. */
const MAX_CONVERSIONS = 20;
/** Conversions may make a name longer each time. */
const MAX_IDENTIFIER = 8192;

/** A word of a list, or its number, as Go's JSON of enumerations; absent is the first. */
function word<Word extends string>(words: readonly Word[]): v.GenericSchema<unknown, Word> {
  const wanted = `wanted ${words.join(", ")}`;
  const read = (value: unknown): Word | undefined =>
    value === undefined ? words[0] : typeof value === "number" ? words[value] : words.find((one) => one === value);
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const found = read(dataset.value);
      if (found !== undefined) return found;
      addIssue({ message: wanted });
      return NEVER;
    }),
  );
}

const attrs = v.optional(v.record(v.string(), v.string()), {});
const ruleSchema = v.strictObject({
  action: v.optional(word(ACTIONS)),
  selector: v.strictObject({
    identifier: v.optional(v.string(), ""),
    match_type: v.optional(word(MATCH_TYPES)),
    constraints: v.optional(
      v.array(
        v.strictObject({ key: v.optional(v.string(), ""), value: v.optional(v.string(), ""), condition: v.optional(word(CONDITIONS)) }),
      ),
      [],
    ),
  }),
  updates: v.optional(v.strictObject({ identifier: v.optional(v.string(), ""), attrs })),
});
const schema = v.strictObject({
  version: v.optional(v.picklist([0, 1], "wanted 1")),
  rules: v.optional(v.pipe(v.array(ruleSchema, "wanted a list"), v.maxLength(MAX_RULES, `wanted at most ${MAX_RULES}`)), []),
});

/** Reads the policy in a file. Throws `SOURCE_POLICY`. */
export async function readSourcePolicy(place: FilePlace): Promise<SourcePolicy> {
  const file = pathOfPlace(place);
  const read = await readNamedFile(place, { maxBytes: MAX_BYTES, pipes: true });
  if ("problem" in read) throw policyError(file, read.problem);
  return parseSourcePolicy(read.bytes.toString("utf8"), file);
}

/** Parses the text of a policy; `file` is its name, for messages. Throws `SOURCE_POLICY`, also for expressions that cannot be read. */
export function parseSourcePolicy(text: string, file: string): SourcePolicy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw policyError(file, `it is not JSON: ${cause instanceof Error ? cause.message : ""}`);
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    throw policyError(file, shapeProblem(parsed.issues[0]));
  }
  // All rules together may take so much for one source.
  const work: RegexpWork = { steps: 0 };
  const rules = parsed.output.rules.map((rule, index) => compileRule(rule, { number: index + 1, file, work }));
  return {
    apply(source, range) {
      work.steps = 0;
      return applyRules(rules, source, { file, range });
    },
  };
}

function compileRule(
  { action = "ALLOW", selector, updates }: v.InferOutput<typeof ruleSchema>,
  { number, file, work }: { readonly number: number; readonly file: string; readonly work: RegexpWork },
): Rule {
  const { identifier, match_type: matchType = "WILDCARD", constraints } = selector;
  const expression = (text: string): LinearRegexp => tried(() => linearRegexp(text, work), { file, number });
  if (action === "CONVERT" && updates === undefined) throw policyError(file, `rule ${number} converts, and has no updates`);
  if (matchType === "WILDCARD" && identifier.includes("**")) throw policyError(file, `rule ${number} has the wildcard "**"; wanted "*"`);
  return {
    number,
    action,
    selector: identifier,
    pattern:
      matchType === "EXACT" ? "EXACT" : { kind: matchType, ...expression(matchType === "REGEX" ? identifier : wildcardRegexp(identifier)) },
    constraints: constraints.map(({ key, value, condition = "EQUAL" }): Constraint => {
      const pattern = condition === "MATCHES" ? expression(value) : undefined;
      return { key, holds: (actual) => pattern?.matches(actual) ?? (actual === value) === (condition === "EQUAL") };
    }),
    updates,
  };
}

/** Each "*" is a group, as conversions can name it. */
function wildcardRegexp(text: string): string {
  return `^${text.split("*").map(quoteRegexp).join("(.*)")}$`;
}

interface Asked {
  readonly file: string;
  readonly range: SourceRange | undefined;
}

function applyRules<Source extends PolicySource>(rules: readonly Rule[], source: Source, asked: Asked): Source {
  let current = source;
  for (let count = 0; ; count += 1) {
    if (count > MAX_CONVERSIONS)
      throw denied(asked, source.identifier, "its conversions do not end (too many mutations on a single source)");
    const next = applyOnce(rules, current, asked);
    if (next === current) return current;
    current = next;
  }
}

/** One pass: the source itself, or what a rule made of it. */
function applyOnce<Source extends PolicySource>(rules: readonly Rule[], source: Source, asked: Asked): Source {
  let deniedBy: Rule | undefined;
  for (const rule of rules) {
    if (!tried(() => fits(rule, source), { file: asked.file, number: rule.number })) continue;
    if (rule.action !== "CONVERT") {
      deniedBy = rule.action === "DENY" ? rule : undefined;
      continue;
    }
    const converted = tried(() => convert(rule, source), { file: asked.file, number: rule.number });
    if (converted !== source) return converted;
  }
  if (deniedBy === undefined) return source;
  throw denied(asked, source.identifier, `rule ${deniedBy.number} of "${asked.file}" denies it (source denied by policy)`);
}

function fits({ selector, pattern, constraints }: Rule, { identifier, attrs: given }: PolicySource): boolean {
  for (const { key, holds } of constraints) if (!holds((Object.hasOwn(given, key) ? given[key] : undefined) ?? "")) return false;
  return selector === identifier || (pattern !== "EXACT" && pattern.matches(identifier));
}

function convert<Source extends PolicySource>({ selector, pattern, updates }: Rule, source: Source): Source {
  if (updates === undefined) return source;
  const wanted = updates.identifier === "" ? selector : updates.identifier;
  // As BuildKit: a wildcard that fits by being the same text changes nothing by itself.
  const identifier = pattern === "EXACT" ? wanted : (pattern.replace(source.identifier, wanted) ?? source.identifier);
  if (identifier.length > MAX_IDENTIFIER) throw new RegexpProblem(`it makes names longer than ${MAX_IDENTIFIER} characters`);
  const attrsChange = Object.entries(updates.attrs).some(([key, value]) => source.attrs[key] !== value);
  if ((identifier === "" || identifier === source.identifier) && !attrsChange) return source;
  return { ...source, identifier: identifier === "" ? source.identifier : identifier, attrs: { ...source.attrs, ...updates.attrs } };
}

/** Expressions fail by a message that does not know its rule. */
function tried<Result>(work: () => Result, { file, number }: { readonly file: string; readonly number: number }): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof RegexpProblem) throw policyError(file, `rule ${number} cannot be used: ${error.message}`);
    throw error;
  }
}

function policyError(file: string, state: string): DecantError {
  return new DecantError("SOURCE_POLICY", `Cannot use source policy "${file}": ${state}`);
}

function denied({ range }: Asked, identifier: string, state: string): DecantError {
  return new DecantError("SOURCE_POLICY", `Cannot use source "${publicUrl(identifier)}": ${state}`, {
    hint: "Use a source that the policy allows, or change the policy",
    source: range && [range],
  });
}
