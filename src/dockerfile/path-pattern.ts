/**
 * One pattern of .dockerignore as a test of whole paths (rule S98): the globs of `glob.ts`, and `**` for any number of directories, also none.
 * Follows moby/patternmatcher, with its three shortcuts, because they match a little more than the general rule: `a**` is any path that begins with
 * "a", and `**a` any that ends with it.
 */
import { type GlobToken, readGlob, takes } from "./glob.ts";

type Token = GlobToken | { readonly kind: "directories" } | { readonly kind: "rest" };

/**
 * Compiles `pattern` (text, cleaned). The test takes text paths without leading slash. It is cheapest for paths in the order of a walk, because it
 * goes on where the last path has the same folder. Throws `DOCKERFILE_SEMANTIC` for a malformed pattern.
 */
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
  // Most paths are too short, or lack some plain part of the pattern, which is far cheaper to see.
  const shortest = tokens.filter((token) => !takesNothing(token)).length;
  const runs = plainRuns(tokens);
  const first = tokens[0]?.kind === "char" ? (runs[0] ?? "") : "";
  const longest = runs.toSorted((a, b) => b.length - a.length).slice(0, MAX_RUNS);
  const couldMatch = (path: string): boolean =>
    path.length >= shortest && path.startsWith(first) && longest.every((run) => path.includes(run));
  let test: ((path: string) => boolean) | undefined;
  return (path) => couldMatch(path) && (test ??= compile(joined(tokens)))(path);
}

/** Looking for many runs would cost more than the test that they save. */
const MAX_RUNS = 4;

/** Does it stand for any number of characters, also none? */
function takesNothing({ kind }: Token): boolean {
  return kind === "star" || kind === "rest" || kind === "directories";
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
  let from = 0;
  for (;;) {
    const at = findDoubleStar(pattern, from);
    for (const token of readGlob(pattern.slice(from, at < 0 ? undefined : at))) tokens.push(token);
    if (at < 0) return tokens;
    from = at + (pattern.charAt(at + 2) === "/" ? 3 : 2);
    tokens.push({ kind: from === pattern.length ? "rest" : "directories" });
    if (from === pattern.length) return tokens;
  }
}

/** The first `**` from there on that is not escaped and not inside a class. */
function findDoubleStar(pattern: string, from: number): number {
  let inClass = false;
  for (let at = from; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "\\") at += 1;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "*" && pattern.charAt(at + 1) === "*") return at;
  }
  return -1;
}

/** Several `**` in a row mean what one does, and cost more. */
function joined(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter(({ kind }, at) => {
    const next = tokens[at + 1]?.kind;
    return kind !== "directories" || (next !== "directories" && next !== "rest");
  });
}

/** An expression is faster, as long as it has so few wildcards that a long path cannot keep it busy. The last `**` takes whatever is left. */
function compile(tokens: readonly Token[]): (path: string) => boolean {
  const directories = tokens.filter(({ kind }) => kind === "directories").length;
  const stars = tokens.filter(({ kind }) => kind === "star").length;
  return directories <= 1 && stars <= 2 ? byExpression(tokens) : simulation(tokens);
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

/**
 * All states side by side: time is at most the product of the two lengths. What was reached at the last "/" of a path is kept for the next one, so
 * that all parents of a path cost no more than the path.
 */
function simulation(tokens: readonly Token[]): (path: string) => boolean {
  /** The round in which a state was listed, and entered, last: what follows `directories` is not entered in the middle of a name. */
  const listed = new Float64Array(tokens.length + 1);
  const entered = new Float64Array(tokens.length + 1);
  let round = 0;
  const list = (states: number[], state: number): void => {
    if (listed[state] !== round) states.push(state);
    listed[state] = round;
  };
  /** Enters a state, and what can be reached from it without a character. */
  const enter = (states: number[], state: number): void => {
    for (let at = state; entered[at] !== round; at += 1) {
      entered[at] = round;
      list(states, at);
      const token = tokens[at];
      if (token === undefined || !takesNothing(token)) return;
    }
  };
  const step = (states: readonly number[], char: string): readonly number[] => {
    const next: number[] = [];
    round += 1;
    for (const at of states) {
      const token = tokens[at];
      if (token === undefined) continue;
      if (token.kind === "directories" && char !== "/") list(next, at);
      else if (token.kind === "directories" || token.kind === "rest" || (token.kind === "star" && char !== "/")) enter(next, at);
      else if (token.kind !== "star" && takes(token, char)) enter(next, at + 1);
    }
    return next;
  };
  round += 1;
  const begin: number[] = [];
  enter(begin, 0);
  let known: { readonly path: string; readonly states: readonly number[] } = { path: "", states: begin };
  return (path) => {
    if (!path.startsWith(known.path)) known = { path: "", states: begin };
    let { states } = known;
    let at = known.path.length;
    const lastFolder = path.lastIndexOf("/") + 1;
    for (const char of path.slice(at)) {
      states = step(states, char);
      if (states.length === 0) return false;
      at += char.length;
      if (at === lastFolder) known = { path: path.slice(0, at), states };
    }
    return states.includes(tokens.length);
  };
}
