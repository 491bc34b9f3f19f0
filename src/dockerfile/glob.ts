/**
 * Wildcards of COPY and ADD sources: the language of Go's filepath.Match (rule S80). `*` and `?` stay inside one path part, `[a-z]` and `[^a]` are
 * classes (which may match a "/"), `\` escapes; there is no `**`.
 */
import { toText } from "../paths.ts";
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";

/** One position of a pattern. */
export type GlobToken =
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

/** Is there a `*`, `?` or `[` that is not escaped? */
export function hasWildcard(pattern: string): boolean {
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "\\") at += 1;
    else if (char === "*" || char === "?" || char === "[") return true;
  }
  return false;
}

/**
 * Does the whole of `name` match `pattern`? Both in the form of a TreePath, one character per byte; `?` is one character of UTF-8.
 * Throws `DOCKERFILE_SEMANTIC` ("syntax error in pattern") for a malformed pattern. To match many names, use `compileGlob`.
 */
export function matchGlob(pattern: string, name: string): boolean {
  return compileGlob(pattern)(name);
}

/** `matchGlob` with the pattern read once. */
export function compileGlob(pattern: string, range?: SourceRange): (name: string) => boolean {
  const tokens = readGlob(toText(pattern), range);
  const shortest = tokens.filter(({ kind }) => kind !== "star").length;
  // Without this, each of many names would be tried against all of a long pattern.
  return (name) => name.length >= shortest && matchTokens(tokens, Array.from(toText(name)));
}

/** No path is as long, and the memory for the patterns of a file stays bounded. */
const MAX_CHARACTERS = 65_536;
const STAR: GlobToken = { kind: "star" };
const ANY: GlobToken = { kind: "any" };

/** Reads a pattern given as text. Throws `DOCKERFILE_SEMANTIC`. */
export function readGlob(pattern: string, range?: SourceRange): GlobToken[] {
  if (pattern.length > MAX_CHARACTERS) throw longPattern(pattern, range);
  const chars = Array.from(pattern);
  const tokens: GlobToken[] = [];
  const known = new Map<string, GlobToken>();
  let at = 0;
  const escaped = (): string => {
    const char = chars[at] === "\\" ? chars[(at += 1)] : chars[at];
    if (char === undefined) throw badPattern(pattern, range);
    at += 1;
    return char;
  };
  const classPoint = (): number => {
    // In a class "-" and "]" stand for themselves only when escaped.
    if (chars[at] === "-" || chars[at] === "]") throw badPattern(pattern, range);
    return escaped().codePointAt(0) ?? 0;
  };
  const readClass = (): GlobToken => {
    at += 1;
    const negated = chars[at] === "^";
    if (negated) at += 1;
    const ranges: [number, number][] = [];
    while (chars[at] !== "]" || ranges.length === 0) {
      const low = classPoint();
      let high = low;
      if (chars[at] === "-") {
        at += 1;
        high = classPoint();
      }
      if (at >= chars.length) throw badPattern(pattern, range);
      ranges.push([low, high]);
    }
    at += 1;
    return { kind: "class", negated, ranges };
  };
  /** One for all places with this character: a pattern of some megabytes does not take as many objects. */
  const charToken = (char: string): GlobToken => {
    const token = known.get(char) ?? { kind: "char", char };
    known.set(char, token);
    return token;
  };
  while (at < chars.length) {
    const char = chars[at] ?? "";
    if (char === "*" || char === "?") {
      tokens.push(char === "*" ? STAR : ANY);
      at += 1;
    } else if (char === "[") {
      tokens.push(readClass());
    } else {
      tokens.push(charToken(escaped()));
    }
  }
  return tokens;
}

/** Does `token` take `char`? Not for stars. */
export function takes(token: GlobToken, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "class") return char !== "/";
  const point = char.codePointAt(0) ?? 0;
  return token.ranges.some(([low, high]) => low <= point && point <= high) !== token.negated;
}

/** Only the last star is ever tried again: an earlier one could not reach beyond the same "/". */
function matchTokens(tokens: readonly GlobToken[], chars: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      star = token;
      starAt = at;
      token += 1;
    } else if (current !== undefined && takes(current, chars[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (star >= 0 && chars[starAt] !== "/") {
      starAt += 1;
      at = starAt;
      token = star + 1;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "star") token += 1;
  return token === tokens.length;
}

/** "syntax error in pattern", with what to do. */
export function badPattern(pattern: string, range: SourceRange | undefined, hint: string = hintFor(pattern)): Error {
  return semanticError(`Cannot use the pattern "${pattern}": syntax error in pattern`, { range, hint });
}

function longPattern(pattern: string, range: SourceRange | undefined): Error {
  const message = `Cannot use the pattern "${pattern.slice(0, 40)}…": it has ${pattern.length} characters; at most ${MAX_CHARACTERS} are read`;
  return semanticError(message, { range, hint: "Write a shorter pattern: no path is as long" });
}

function hintFor(pattern: string): string {
  return pattern.startsWith('["')
    ? "If it is a list, write it as JSON: every part in double quotes, commas between them, ] at the end"
    : "Write [[] for a [ and \\\\ for a \\";
}
