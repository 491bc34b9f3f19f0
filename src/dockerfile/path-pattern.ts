/**
 * One pattern of .dockerignore as a test of whole paths (rule S98): the globs of `glob.ts`, and `**` for any number of directories, also none.
 * Follows moby/patternmatcher, with its three shortcuts, because they match a little more than the general rule: `a**` is any path that begins with
 * "a", and `**a` any that ends with it.
 */
import { type GlobToken, readGlob, takes } from "./glob.ts";

type Token = GlobToken | { readonly kind: "directories" } | { readonly kind: "rest" };

/** Compiles `pattern` (text, cleaned). The test takes text paths without leading slash. Throws `DOCKERFILE_SEMANTIC` for a malformed pattern. */
export function compilePathPattern(pattern: string): (path: string) => boolean {
  const tokens = readTokens(pattern);
  const special = tokens.filter((token) => token.kind !== "char");
  const [only] = special;
  // An escape makes a pattern general, so its text is not what it matches.
  if (only === undefined && !pattern.includes("\\")) return (path) => path === pattern;
  if (special.length === 1 && !pattern.includes("\\")) {
    if (pattern.startsWith("**")) return endsWith(pattern.slice(2));
    if (only?.kind === "rest") {
      const start = pattern.replace(/\*\*$/, "");
      return (path) => path.startsWith(start);
    }
  }
  const test = isCheap(special) ? byExpression(tokens) : (path: string) => simulate(tokens, Array.from(path));
  // Most paths lack some plain part of the pattern, which is far cheaper to see.
  const runs = plainRuns(tokens);
  const first = tokens[0]?.kind === "char" ? (runs[0] ?? "") : "";
  return (path) => path.startsWith(first) && runs.every((run) => path.includes(run)) && test(path);
}

/** The plain texts between wildcards. */
function plainRuns(tokens: readonly Token[]): string[] {
  const runs: string[] = [];
  let run = "";
  for (const token of tokens) {
    if (token.kind === "char") {
      run += token.char;
      continue;
    }
    if (run !== "") runs.push(run);
    run = "";
  }
  return run === "" ? runs : [...runs, run];
}

function endsWith(end: string): (path: string) => boolean {
  const bare = end.startsWith("/") ? end.slice(1) : undefined;
  return (path) => path.endsWith(end) || path === bare;
}

/** Reads `**` first, because it means something else than two stars. */
function readTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  let rest = pattern;
  for (;;) {
    const at = findDoubleStar(rest);
    tokens.push(...readGlob(at < 0 ? rest : rest.slice(0, at)));
    if (at < 0) return tokens;
    rest = rest.slice(at + 2);
    if (rest.startsWith("/")) rest = rest.slice(1);
    tokens.push({ kind: rest === "" ? "rest" : "directories" });
    if (rest === "") return tokens;
  }
}

/** The first `**` that is not escaped and not inside a class. */
function findDoubleStar(pattern: string): number {
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "\\") at += 1;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "*" && pattern.charAt(at + 1) === "*") return at;
  }
  return -1;
}

/** Few enough wildcards that a backtracking engine cannot be kept busy by a long path. */
function isCheap(special: readonly Token[]): boolean {
  const deep = special.filter((token) => token.kind === "directories" || token.kind === "rest").length;
  const stars = special.filter((token) => token.kind === "star").length;
  return (deep <= 1 && stars <= 2) || (deep === 2 && stars === 0);
}

function byExpression(tokens: readonly Token[]): (path: string) => boolean {
  const expression = new RegExp(`^${tokens.map(toExpression).join("")}$`, "su");
  return (path) => expression.test(path);
}

function toExpression(token: Token): string {
  switch (token.kind) {
    case "char":
      return codePoint(token.char.codePointAt(0) ?? 0);
    case "any":
      return "[^/]";
    case "star":
      return "[^/]*";
    case "directories":
      return "(?:.*/)?";
    case "rest":
      return ".*";
    case "class": {
      const ranges = token.ranges.filter(([low, high]) => low <= high).map(([low, high]) => `${codePoint(low)}-${codePoint(high)}`);
      return `[${token.negated ? "^" : ""}${ranges.join("")}]`;
    }
  }
}

function codePoint(point: number): string {
  return `\\u{${point.toString(16)}}`;
}

/** All states side by side: time is the product of the two lengths. */
function simulate(tokens: readonly Token[], chars: readonly string[]): boolean {
  let states = new Uint8Array(tokens.length + 1);
  reach(tokens, states, 0);
  for (const char of chars) {
    const next = new Uint8Array(tokens.length + 1);
    for (const [state, token] of tokens.entries()) {
      if (states[state] === 0) continue;
      switch (token.kind) {
        case "star":
          if (char !== "/") reach(tokens, next, state);
          break;
        case "rest":
          reach(tokens, next, state);
          break;
        case "directories":
          // Inside the directories; behind a "/" they may also be over.
          next[state] = 1;
          if (char === "/") reach(tokens, next, state + 1);
          break;
        case "char":
        case "any":
        case "class":
          if (takes(token, char)) reach(tokens, next, state + 1);
      }
    }
    states = next;
  }
  return states[tokens.length] === 1;
}

/** Marks `state` as freshly entered, and what can be reached from it without a character. */
function reach(tokens: readonly Token[], states: Uint8Array, state: number): void {
  let at = state;
  for (;;) {
    states[at] = 1;
    const kind = tokens[at]?.kind;
    if (kind !== "star" && kind !== "rest" && kind !== "directories") return;
    at += 1;
  }
}
