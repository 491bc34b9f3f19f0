/** Reads a text with variables from its beginning to its end: quotes, escapes, and `$` with all that it opens. */
import { modified, type Modifier, modifierOf, replaced, takesPattern } from "./expand-modifiers.ts";
import { CLOSE_BRACE, ExpandProblem, missingBrace } from "./expand-problem.ts";
import type { Variables } from "./expand-variables.ts";
import type { EscapeToken } from "./types.ts";
import { variableName } from "./variable-name.ts";
import type { WordCollector } from "./word-collector.ts";

/** How a text is read. */
export interface ExpandRules {
  /** `ParsedDockerfile.escape`. */
  readonly escape: EscapeToken;
  /**
   * "process" (default) obeys and removes quotes; "keep" obeys them and leaves them in; "ignore" takes them as any character, as bodies
   * of COPY heredocs need it (S109).
   */
  readonly quotes?: "process" | "keep" | "ignore" | undefined;
  /** "process" (default) removes escape characters; "keep" leaves them in. */
  readonly escapes?: "process" | "keep" | undefined;
  /** "empty" (default), or "keep": `$x` stays as it is, for names that are shown (S15). */
  readonly unset?: "empty" | "keep" | undefined;
}

/** A text, and how far it was read. */
interface Reading {
  readonly text: string;
  readonly variables: Variables;
  readonly rules: ExpandRules;
  /** Gets what is outside of all braces. */
  readonly words: WordCollector | undefined;
  at: number;
  depth: number;
  /** Escape characters stay: so the rules say, or this is a pattern. */
  rawEscapes: boolean;
}

const MAX_DEPTH = 200;

/** Expands a whole text. `words` gets it in pieces, too. Throws `ExpandProblem`. */
export function expandText(text: string, variables: Variables, rules: ExpandRules, words?: WordCollector): string {
  const rawEscapes = rules.escapes === "keep";
  return readUntil({ text, variables, rules, words, at: 0, depth: 0, rawEscapes }, undefined, rawEscapes);
}

/** Reads up to `stop`, which is taken, or to the end. */
function readUntil(reading: Reading, stop: "}" | "/" | undefined, rawEscapes: boolean): string {
  const { text, rules } = reading;
  const before = reading.rawEscapes;
  reading.rawEscapes = rawEscapes;
  reading.depth += 1;
  if (reading.depth > MAX_DEPTH) throw new ExpandProblem(`it is nested more than ${MAX_DEPTH} deep`);
  const words = reading.depth === 1 ? reading.words : undefined;
  let out = "";
  while (reading.at < text.length) {
    const char = text.charAt(reading.at);
    if (char === stop) break;
    if (char === "$") {
      const value = dollar(reading);
      out += value;
      words?.split(value);
    } else if (char === "<" || char === rules.escape || (rules.quotes !== "ignore" && (char === "'" || char === '"'))) {
      const value = readRaw(reading, char);
      out += value;
      words?.raw(value);
    } else {
      const plain = plainRun(reading, stop);
      out += plain;
      words?.split(plain);
    }
  }
  if (stop !== undefined) {
    if (reading.at >= text.length) throw new ExpandProblem(`unexpected end of statement while looking for matching ${stop}`);
    reading.at += 1;
  }
  reading.depth -= 1;
  reading.rawEscapes = before;
  return out;
}

function plainRun(reading: Reading, stop: string | undefined): string {
  const { text, rules } = reading;
  const start = reading.at;
  reading.at += 1;
  while (reading.at < text.length) {
    const char = text.charAt(reading.at);
    if (char === stop || char === "$" || char === "<" || char === "'" || char === '"' || char === rules.escape) break;
    reading.at += 1;
  }
  return text.slice(start, reading.at);
}

/** What is not split into words: quoted and escaped characters, and what opens a heredoc. */
function readRaw(reading: Reading, char: string): string {
  switch (char) {
    case "<":
      return lessThan(reading);
    case "'":
      return singleQuoted(reading);
    case '"':
      return doubleQuoted(reading);
    default: {
      const escaped = reading.text.charAt(reading.at + 1);
      reading.at += 2;
      return reading.rawEscapes ? `${char}${escaped}` : escaped;
    }
  }
}

/** Blanks between "<<" and a heredoc's delimiter belong to its word. */
function lessThan(reading: Reading): string {
  const { text } = reading;
  const start = reading.at;
  reading.at += 1;
  if (text.charAt(reading.at) !== "<") return "<";
  reading.at += 1;
  while (" \t\r".includes(text.charAt(reading.at)) && reading.at < text.length) reading.at += 1;
  return text.slice(start, reading.at);
}

function singleQuoted(reading: Reading): string {
  const { text, at: start } = reading;
  const end = text.indexOf("'", start + 1);
  if (end < 0) throw openQuote("single");
  reading.at = end + 1;
  return reading.rules.quotes === "keep" ? text.slice(start, end + 1) : text.slice(start + 1, end);
}

function doubleQuoted(reading: Reading): string {
  const { text, rules } = reading;
  const quote = rules.quotes === "keep" ? '"' : "";
  let out = quote;
  reading.at += 1;
  while (reading.at < text.length) {
    const char = text.charAt(reading.at);
    if (char === "$") {
      out += dollar(reading);
      continue;
    }
    reading.at += 1;
    if (char === '"') return out + quote;
    out += char === rules.escape ? escapedInQuotes(reading, char) : char;
  }
  throw openQuote("double");
}

/** In double quotes only quotes, "$" and the escape character itself can be escaped; before others it is a character. */
function escapedInQuotes(reading: Reading, escape: string): string {
  const raw = reading.rawEscapes ? escape : "";
  const escaped = reading.text.charAt(reading.at);
  if (escaped === "") return raw;
  if (escaped !== '"' && escaped !== "$" && escaped !== escape) return raw + escape;
  reading.at += 1;
  return raw + escaped;
}

function openQuote(kind: "single" | "double"): ExpandProblem {
  return new ExpandProblem(`unexpected end of statement while looking for matching ${kind}-quote`, "Close the quote, or escape it");
}

function dollar(reading: Reading): string {
  reading.at += 1;
  if (reading.text.charAt(reading.at) === "{") return braced(reading);
  const name = readName(reading);
  if (name === "") return "$";
  return reading.variables.get(name) ?? (reading.rules.unset === "keep" ? `$${name}` : "");
}

function braced(reading: Reading): string {
  const { text, variables, rules } = reading;
  reading.at += 1;
  const start = reading.at;
  const first = text.charAt(start);
  if (first === "") throw missingBrace();
  if (first === "{" || first === "}" || first === ":") throw new ExpandProblem("syntax error: bad substitution");
  const name = readName(reading);
  const sign = text.charAt(reading.at);
  if (sign === "") throw missingBrace();
  reading.at += 1;
  let value: string | undefined;
  if (sign === "}") value = variables.get(name) ?? (rules.unset === "keep" ? undefined : "");
  else value = sign === "/" ? replacement(reading, name) : modification(reading, name, readModifier(reading, sign));
  // What is shown for an unset variable is what stood there.
  return value ?? `\${${text.slice(start, reading.at)}`;
}

/** The modifier that begins with `first`, which was taken. */
function readModifier(reading: Reading, first: string): Modifier {
  if (first !== ":") return modifierOf(first);
  const sign = reading.text.charAt(reading.at);
  reading.at += 1;
  return modifierOf(`:${sign}`);
}

/** The value, or undefined for an unset variable that stays as it is. */
function modification(reading: Reading, name: string, modifier: Modifier): string | undefined {
  const word = readPart(reading, "}", takesPattern(modifier), "syntax error: missing '}'");
  const value = reading.variables.get(name);
  return value === undefined && reading.rules.unset === "keep" ? undefined : modified(modifier, name, value, word);
}

/** The same for `${name/pattern/text}`. */
function replacement(reading: Reading, name: string): string | undefined {
  const all = reading.text.charAt(reading.at) === "/";
  if (all) reading.at += 1;
  const pattern = readPart(reading, "/", true, "syntax error: missing '/' in ${}");
  const text = readPart(reading, "}", true, "syntax error: missing '}'");
  const value = reading.variables.get(name);
  if (value === undefined && reading.rules.unset === "keep") return undefined;
  const result = replaced(value ?? "", pattern, text, all);
  reading.variables.spend(result.length);
  return result;
}

/** Reads up to `stop` inside of braces. A text that ends before is told by `ifMissing`. */
function readPart(reading: Reading, stop: "}" | "/", rawEscapes: boolean, ifMissing: string): string {
  try {
    return readUntil(reading, stop, rawEscapes);
  } catch (error) {
    const isOpen = error instanceof ExpandProblem && reading.at >= reading.text.length && reading.depth <= MAX_DEPTH;
    if (isOpen) throw new ExpandProblem(ifMissing, ifMissing.includes("'}'") ? CLOSE_BRACE : undefined);
    throw error;
  }
}

function readName(reading: Reading): string {
  const name = variableName(reading.text, reading.at);
  reading.at += name.length;
  return name;
}
