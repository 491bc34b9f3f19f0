/** What modifiers make of a value: `${x:-word}`, `${x#pattern}`, `${x/pattern/text}` and so on (rules S17, S18). */
import { ExpandProblem, unsupportedModifier } from "./expand-problem.ts";
import { compileShellPattern, replaceMatches, trimPrefix, trimSuffix } from "./shell-pattern.ts";

/** What stands between a name and its word. */
export interface Modifier {
  readonly sign: "+" | "-" | "?" | "#" | "%";
  /** With a colon an empty value counts as none. */
  readonly nullIsUnset: boolean;
}

/** A modifier from its characters, e.g. ":-". Throws `ExpandProblem` for those that do not exist. */
export function modifierOf(text: string): Modifier {
  const nullIsUnset = text.startsWith(":");
  const sign = nullIsUnset ? text.slice(1) : text;
  switch (sign) {
    case "+":
    case "-":
    case "?":
      return { sign, nullIsUnset };
    case "#":
    case "%":
      if (!nullIsUnset) return { sign, nullIsUnset };
      break;
  }
  throw unsupportedModifier(text);
}

/** Is its word a pattern, which keeps its escape characters? */
export function takesPattern({ sign }: Modifier): boolean {
  return sign === "#" || sign === "%";
}

/** What `${name…word}` is. Throws `ExpandProblem` for "?" without a value, and for patterns that cannot be read. */
export function modified({ sign, nullIsUnset }: Modifier, name: string, value: string | undefined, word: string): string {
  const isMissing = value === undefined || (nullIsUnset && value === "");
  switch (sign) {
    case "-":
      return isMissing ? word : value;
    case "+":
      return isMissing ? "" : word;
    case "?": {
      if (!isMissing) return value;
      const state = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
      throw new ExpandProblem(`${name}: ${word === "" ? state : word}`, `Set ${name} with ARG, ENV or --build-arg ${name}=…`);
    }
    case "#":
    case "%": {
      const isLongest = word.startsWith(sign);
      const trim = sign === "#" ? trimPrefix : trimSuffix;
      return withPattern(isLongest ? word.slice(1) : word, (pattern) => trim(pattern, value ?? "", isLongest));
    }
  }
}

/** What `${name/pattern/replacement}` is; `all`: with two slashes. Throws `ExpandProblem` for patterns that cannot be read. */
export function replaced(value: string, pattern: string, replacement: string, all: boolean): string {
  return withPattern(pattern, (compiled) => replaceMatches(compiled, value, replacement, all));
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
