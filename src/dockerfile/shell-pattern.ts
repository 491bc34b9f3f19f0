/**
 * The globs of `${x#p}`, `${x%p}` and `${x/p/r}` (rule S18): `*`, `?` and `\`, no brackets. Matching runs all states side by side,
 * so its time is the product of the two lengths whatever the pattern is.
 */

type Token = { readonly kind: "char"; readonly char: string } | { readonly kind: "any" } | { readonly kind: "star" };

/** A compiled pattern. */
interface ShellPattern {
  readonly tokens: readonly Token[];
}

const MAX_STEPS = 20_000_000;

/** Steps that one call may still take: a hostile Dockerfile must not keep the builder busy. */
interface Budget {
  left: number;
}

/** Compiles `pattern`. Throws a plain RangeError or SyntaxError whose message says why it cannot. */
export function compileShellPattern(pattern: string): ShellPattern {
  const chars = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    let char = chars[at] ?? "";
    if (char === "*") {
      // Several stars are one.
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
      continue;
    }
    if (char === "?") {
      tokens.push({ kind: "any" });
      continue;
    }
    if (char === "\\") {
      const escaped = chars[at + 1] ?? "";
      // "}" and "/" had to be escaped to get here; the others are what a pattern may escape.
      if (!["}", "/", "*", "?", "\\"].includes(escaped) || escaped === "") throw new SyntaxError(`invalid escape '\\${escaped}'`);
      char = escaped;
      at += 1;
    }
    tokens.push({ kind: "char", char });
  }
  return { tokens };
}

/** `value` without its shortest (or longest) start that matches. */
export function trimPrefix(pattern: ShellPattern, value: string, longest: boolean): string {
  const chars = Array.from(value);
  const end = matchEnd(pattern.tokens, chars, { start: 0, longest }, { left: MAX_STEPS });
  return end === undefined ? value : chars.slice(end).join("");
}

/** `value` without its shortest (or longest) end that matches. */
export function trimSuffix(pattern: ShellPattern, value: string, longest: boolean): string {
  const chars = Array.from(value).reverse();
  const end = matchEnd(pattern.tokens.toReversed(), chars, { start: 0, longest }, { left: MAX_STEPS });
  return end === undefined ? value : chars.slice(end).reverse().join("");
}

/** `value` with the first (or every) leftmost longest match replaced. The replacement is literal. */
export function replaceMatches(pattern: ShellPattern, value: string, replacement: string, all: boolean): string {
  const chars = Array.from(value);
  const budget: Budget = { left: MAX_STEPS };
  const starts = matchStarts(pattern.tokens, chars, budget);
  let out = "";
  let at = 0;
  let lastEnd = -1;
  for (let start = 0; start <= chars.length; start += 1) {
    if (start < at || starts[start] !== 1) continue;
    const end = matchEnd(pattern.tokens, chars, { start, longest: true }, budget) ?? start;
    // Nothing is not matched again right behind a match.
    if (end === start && start === lastEnd) continue;
    out += chars.slice(at, start).join("") + replacement;
    at = end;
    lastEnd = end;
    if (!all) break;
  }
  return out + chars.slice(at).join("");
}

/** Where a match that begins at `start` ends, the nearest or the farthest. */
function matchEnd(
  tokens: readonly Token[],
  chars: readonly string[],
  options: { readonly start: number; readonly longest: boolean },
  budget: Budget,
): number | undefined {
  let states = closure(tokens, new Uint8Array(tokens.length + 1), 0);
  let found: number | undefined;
  for (let at = options.start; ; at += 1) {
    spend(budget, tokens.length);
    if (states[tokens.length] === 1) {
      found = at;
      if (!options.longest) return found;
    }
    if (at >= chars.length) return found;
    const stepped = step(tokens, states, chars[at] ?? "");
    if (stepped === undefined) return found;
    states = stepped;
  }
}

/** At which places a match begins: the reversed pattern over the reversed text, begun anew at every place. */
function matchStarts(tokens: readonly Token[], chars: readonly string[], budget: Budget): Uint8Array {
  const reversed = tokens.toReversed();
  const starts = new Uint8Array(chars.length + 1);
  let states = closure(reversed, new Uint8Array(reversed.length + 1), 0);
  for (let at = chars.length; at >= 0; at -= 1) {
    spend(budget, tokens.length);
    if (states[reversed.length] === 1) starts[at] = 1;
    if (at === 0) break;
    states = closure(reversed, step(reversed, states, chars[at - 1] ?? "") ?? new Uint8Array(reversed.length + 1), 0);
  }
  return starts;
}

function step(tokens: readonly Token[], states: Uint8Array, char: string): Uint8Array | undefined {
  const next = new Uint8Array(states.length);
  let alive = false;
  for (let state = 0; state < tokens.length; state += 1) {
    if (states[state] !== 1) continue;
    const token = tokens[state];
    if (token === undefined) continue;
    // As in the field: wildcards stay on their line.
    const matches = token.kind === "char" ? token.char === char : char !== "\n";
    if (!matches) continue;
    alive = true;
    closure(tokens, next, token.kind === "star" ? state : state + 1);
  }
  return alive ? next : undefined;
}

/** Adds `state` and what is reached from it without a character. */
function closure(tokens: readonly Token[], states: Uint8Array, state: number): Uint8Array {
  let at = state;
  while (states[at] !== 1) {
    states[at] = 1;
    if (tokens[at]?.kind !== "star") break;
    at += 1;
  }
  return states;
}

function spend(budget: Budget, tokens: number): void {
  budget.left -= tokens + 1;
  if (budget.left < 0) throw new RangeError("the pattern and the value are too long");
}
