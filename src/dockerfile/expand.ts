/**
 * Variable expansion as BuildKit's shell lexer does it (rules S15-S19): `$x`, `${x}` with modifiers, quotes and escapes.
 * Not a shell: no commands, no arithmetic, no globbing of files. Every part is expanded, also a default that is not used.
 */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { CLOSE_BRACE, ExpandProblem, missingBrace, unsupportedModifier } from "./expand-problem.ts";
import { compileShellPattern, replaceMatches, trimPrefix, trimSuffix } from "./shell-pattern.ts";
import type { Environment, EscapeToken, Lookup } from "./types.ts";
import { variableName } from "./variable-name.ts";
import { createWordCollector, type WordCollector } from "./word-collector.ts";

/** How to expand. */
export interface ExpandOptions {
  /** `ParsedDockerfile.escape`. */
  readonly escape: EscapeToken;
  /** Where the text is from, for errors. */
  readonly range?: SourceRange | undefined;
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

/** What came out, and which variables were asked for. */
export interface Expansion {
  readonly value: string;
  /** Names that are set, in order of first use. */
  readonly matched: readonly string[];
  /** Names that are not. */
  readonly unmatched: readonly string[];
}

/** Like `Expansion`, split at white space that was not quoted. Empty words are dropped. */
interface WordsExpansion {
  readonly words: readonly string[];
  readonly matched: readonly string[];
  readonly unmatched: readonly string[];
}

const MAX_DEPTH = 200;
const MAX_EXPANDED = 16 << 20;
const MAX_SHOWN = 80;

/**
 * Expands `text` to one value. Throws `DOCKERFILE_SEMANTIC` for bad syntax ("bad substitution", an open quote), for `${x:?message}`, and
 * when the result would be longer than 16 Mi characters or is nested deeper than 200.
 */
export function expandWord(text: string, env: Environment, options: ExpandOptions): Expansion {
  const expander = createExpander(text, env, options);
  return run(text, options, () => ({ value: expander.until(undefined, expander.rawEscapes), ...expander.names() }));
}

/** Expands `text` and splits the result into words, after expansion: one variable may give several words (EXPOSE). Throws as `expandWord`. */
export function expandWords(text: string, env: Environment, options: ExpandOptions): WordsExpansion {
  const words = createWordCollector();
  const expander = createExpander(text, env, options, words);
  return run(text, options, () => {
    expander.until(undefined, expander.rawEscapes);
    return { words: words.finish(), ...expander.names() };
  });
}

function run<Result>(text: string, options: ExpandOptions, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExpandProblem)) throw error;
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    throw semanticError(`Cannot expand "${shown}": ${error.message}`, { range: options.range, hint: error.hint });
  }
}

interface Expander {
  readonly rawEscapes: boolean;
  /** Reads up to `stop` (taken), or to the end. */
  until(stop: "}" | "/" | undefined, rawEscapes: boolean): string;
  names(): { matched: string[]; unmatched: string[] };
}

function createExpander(text: string, env: Environment, options: ExpandOptions, collector?: WordCollector): Expander {
  const { escape, quotes = "process", unset = "empty" } = options;
  const lookup: Lookup = typeof env === "function" ? env : (name) => env.get(name);
  const matched = new Set<string>();
  const unmatched = new Set<string>();
  const rawQuotes = quotes === "keep";
  let rawEscapes = options.escapes === "keep";
  let at = 0;
  let depth = 0;
  let grown = 0;

  const atEnd = (): boolean => at >= text.length;
  const get = (name: string): string | undefined => {
    const value = lookup(name);
    (value === undefined ? unmatched : matched).add(name);
    grown += value?.length ?? 0;
    if (grown > MAX_EXPANDED) throw new ExpandProblem(`the result has more than ${MAX_EXPANDED} characters`);
    return value;
  };

  const until = (stop: "}" | "/" | undefined, raw: boolean): string => {
    const before = rawEscapes;
    rawEscapes = raw;
    depth += 1;
    if (depth > MAX_DEPTH) throw new ExpandProblem(`it is nested more than ${MAX_DEPTH} deep`);
    const words = depth === 1 ? collector : undefined;
    let out = "";
    for (;;) {
      if (atEnd()) {
        if (stop === undefined) break;
        throw new ExpandProblem(`unexpected end of statement while looking for matching ${stop}`);
      }
      const char = text.charAt(at);
      if (char === stop) {
        at += 1;
        break;
      }
      if (char === "$") {
        const value = dollar();
        out += value;
        words?.split(value);
      } else if (char === "<") {
        const value = lessThan();
        out += value;
        words?.raw(value);
      } else if (quotes !== "ignore" && (char === "'" || char === '"')) {
        const value = char === "'" ? singleQuoted() : doubleQuoted();
        out += value;
        words?.raw(value);
      } else if (char === escape) {
        if (rawEscapes) {
          out += char;
          words?.raw(char);
        }
        const escaped = text.charAt(at + 1);
        at += 2;
        out += escaped;
        if (escaped !== "") words?.raw(escaped);
      } else {
        const plain = plainRun(stop);
        out += plain;
        words?.split(plain);
      }
    }
    depth -= 1;
    rawEscapes = before;
    return out;
  };

  const plainRun = (stop: string | undefined): string => {
    const start = at;
    at += 1;
    while (!atEnd()) {
      const char = text.charAt(at);
      if (char === stop || char === "$" || char === "<" || char === "'" || char === '"' || char === escape) break;
      at += 1;
    }
    return text.slice(start, at);
  };

  const singleQuoted = (): string => {
    const end = text.indexOf("'", at + 1);
    if (end < 0)
      throw new ExpandProblem("unexpected end of statement while looking for matching single-quote", "Close the quote, or escape it");
    const value = rawQuotes ? text.slice(at, end + 1) : text.slice(at + 1, end);
    at = end + 1;
    return value;
  };

  const doubleQuoted = (): string => {
    let out = rawQuotes ? '"' : "";
    at += 1;
    for (;;) {
      if (atEnd())
        throw new ExpandProblem("unexpected end of statement while looking for matching double-quote", "Close the quote, or escape it");
      const char = text.charAt(at);
      if (char === '"') {
        at += 1;
        return rawQuotes ? `${out}"` : out;
      }
      if (char === "$") {
        out += dollar();
        continue;
      }
      at += 1;
      if (char !== escape) {
        out += char;
        continue;
      }
      if (rawEscapes) out += char;
      const escaped = text.charAt(at);
      if (escaped === "") continue;
      if (escaped === '"' || escaped === "$" || escaped === escape) {
        out += escaped;
        at += 1;
      } else {
        out += char;
      }
    }
  };

  /** Blanks between "<<" and a heredoc's delimiter belong to its word. */
  const lessThan = (): string => {
    const start = at;
    at += 1;
    if (text.charAt(at) !== "<") return "<";
    at += 1;
    while (text.charAt(at) === " " || text.charAt(at) === "\t" || text.charAt(at) === "\r") at += 1;
    return text.slice(start, at);
  };

  const dollar = (): string => {
    at += 1;
    if (text.charAt(at) !== "{") {
      const name = readName();
      if (name === "") return "$";
      return get(name) ?? (unset === "keep" ? `$${name}` : "");
    }
    at += 1;
    const start = at;
    const first = text.charAt(at);
    if (first === "") throw missingBrace();
    if (first === "{" || first === "}" || first === ":") throw new ExpandProblem("syntax error: bad substitution");
    const name = readName();
    const sign = text.charAt(at);
    at += sign.length;
    if (sign === "") throw missingBrace();
    if (sign === "}") return get(name) ?? (unset === "keep" ? `\${${name}}` : "");
    const value = sign === "/" ? replace(name) : modify(name, sign);
    // What is shown for an unset variable is what stood there.
    return value ?? `\${${text.slice(start, at)}`;
  };

  const modify = (name: string, first: string): string | undefined => {
    const nullIsUnset = first === ":";
    const sign = nullIsUnset ? text.charAt(at) : first;
    const shown = nullIsUnset ? `:${sign}` : sign;
    if (nullIsUnset) at += sign.length;
    const isTrim = sign === "#" || sign === "%";
    if (!["+", "-", "?", "#", "%"].includes(sign) || (nullIsUnset && isTrim)) throw unsupportedModifier(shown);
    const word = nested("}", isTrim, "syntax error: missing '}'");
    const value = get(name);
    if (value === undefined && unset === "keep") return undefined;
    const missing = value === undefined || (nullIsUnset && value === "");
    if (sign === "-") return missing ? word : value;
    if (sign === "+") return missing ? "" : word;
    if (sign === "?") {
      if (!missing) return value;
      const state = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
      throw new ExpandProblem(`${name}: ${word === "" ? state : word}`, `Set ${name} with ARG, ENV or --build-arg ${name}=…`);
    }
    const longest = word.startsWith(sign);
    const source = longest ? word.slice(1) : word;
    return withPattern(source, (pattern) =>
      sign === "#" ? trimPrefix(pattern, value ?? "", longest) : trimSuffix(pattern, value ?? "", longest),
    );
  };

  const replace = (name: string): string | undefined => {
    const all = text.charAt(at) === "/";
    if (all) at += 1;
    const source = nested("/", true, "syntax error: missing '/' in ${}");
    const replacement = nested("}", true, "syntax error: missing '}'");
    const value = get(name);
    if (value === undefined && unset === "keep") return undefined;
    const result = withPattern(source, (pattern) => replaceMatches(pattern, value ?? "", replacement, all));
    grown += result.length;
    if (grown > MAX_EXPANDED) throw new ExpandProblem(`the result has more than ${MAX_EXPANDED} characters`);
    return result;
  };

  const nested = (stop: "}" | "/", raw: boolean, ifMissing: string): string => {
    try {
      return until(stop, raw);
    } catch (error) {
      if (error instanceof ExpandProblem && atEnd() && depth <= MAX_DEPTH)
        throw new ExpandProblem(ifMissing, ifMissing.includes("'}'") ? CLOSE_BRACE : undefined);
      throw error;
    }
  };

  const readName = (): string => {
    const name = variableName(text, at);
    at += name.length;
    return name;
  };

  return { rawEscapes, until, names: () => ({ matched: [...matched], unmatched: [...unmatched] }) };
}

function withPattern(source: string, apply: (pattern: ReturnType<typeof compileShellPattern>) => string): string {
  try {
    return apply(compileShellPattern(source));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) {
      throw new ExpandProblem(`invalid pattern (${source}) in substitution: ${error.message}`);
    }
    throw error;
  }
}
