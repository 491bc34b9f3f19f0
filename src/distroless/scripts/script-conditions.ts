/** Conditions of a script that have one answer when a package is installed for the first time. Undefined: only a run would show. Pure. */
import { compareVersions } from "../../debian/index.ts";
import { isDecantError } from "../../errors.ts";
import type { ScriptWord } from "./script-variables.ts";

/** The words of `[ … ]`, `[[ … ]]` or `test …`, the name of the command among them. */
export function testStatus(words: readonly ScriptWord[]): boolean | undefined {
  const [name] = words;
  const isBracket = name?.text !== "test";
  return either(words.slice(1, isBracket ? -1 : undefined));
}

function either(words: readonly ScriptWord[]): boolean | undefined {
  const at = words.findIndex(({ text }) => text === "-o" || text === "||");
  if (at <= 0) return both(words);
  const [left, right] = [both(words.slice(0, at)), either(words.slice(at + 1))];
  return left === true || right === true ? true : left === false && right === false ? false : undefined;
}

function both(words: readonly ScriptWord[]): boolean | undefined {
  const at = words.findIndex(({ text }) => text === "-a" || text === "&&");
  if (at <= 0) return single(words);
  const [left, right] = [single(words.slice(0, at)), both(words.slice(at + 1))];
  return left === false || right === false ? false : left === true && right === true ? true : undefined;
}

function single(words: readonly ScriptWord[]): boolean | undefined {
  const [first, second, third] = words;
  if (first?.text === "!" && words.length > 1) return not(single(words.slice(1)));
  if (words.some(({ known }) => !known)) return undefined;
  if (first === undefined) return false;
  if (second === undefined) return first.text !== "";
  if (third === undefined) return first.text === "-n" ? second.text !== "" : first.text === "-z" ? second.text === "" : undefined;
  if (words.length > 3) return undefined;
  return compared(first.text, second.text, third.text);
}

function compared(a: string, operator: string, b: string): boolean | undefined {
  switch (operator) {
    case "=":
    case "==":
    case "!=":
      // In [[ ]] the right side is a pattern.
      return /[*?[]/.test(b) ? undefined : (a === b) === (operator !== "!=");
    case "-eq":
    case "-ne":
    case "-lt":
    case "-le":
    case "-gt":
    case "-ge":
      return /^\d+$/.test(a) && /^\d+$/.test(b) ? ordered(Number(a) - Number(b), operator.slice(1)) : undefined;
    default:
      return undefined;
  }
}

/** `dpkg --compare-versions A OP B` (dpkg(1)): no version is older than any, or newer with "-nl". Undefined for other commands, too. */
export function versionStatus(words: readonly ScriptWord[]): boolean | undefined {
  const [name, option, a, operator, b] = words;
  if (name?.text !== "dpkg" || option?.text !== "--compare-versions" || words.length !== 5) return undefined;
  if (a?.known !== true || operator?.known !== true || b?.known !== true) return undefined;
  const [, order = operator.text, withoutIsNewer] = /^(\w+?)(-nl)?$/.exec(operator.text) ?? [];
  if (a.text !== "" && b.text !== "") return compareKnown(a.text, b.text, order);
  const missing = withoutIsNewer === undefined ? -1 : 1;
  return ordered(a.text === b.text ? 0 : a.text === "" ? missing : -missing, order);
}

function compareKnown(a: string, b: string, order: string): boolean | undefined {
  try {
    return ordered(compareVersions(a, b), order);
  } catch (error) {
    if (isDecantError(error, "DEBIAN_ARCHIVE")) return undefined;
    throw error;
  }
}

function ordered(difference: number, order: string): boolean | undefined {
  switch (order) {
    case "lt":
    case "<<":
      return difference < 0;
    case "le":
    case "<=":
    case "<":
      return difference <= 0;
    case "eq":
    case "=":
      return difference === 0;
    case "ne":
      return difference !== 0;
    case "ge":
    case ">=":
    case ">":
      return difference >= 0;
    case "gt":
    case ">>":
      return difference > 0;
    default:
      return undefined;
  }
}

/** Of a condition that may not be known. */
export function not(status: boolean | undefined): boolean | undefined {
  return status === undefined ? undefined : !status;
}

/** Does a pattern of a case fit a text? Undefined for patterns with brackets. Linear but for the length of both. */
export function patternFits(pattern: string, text: string): boolean | undefined {
  if (/[[\\]/.test(pattern)) return undefined;
  let at = 0;
  let star = -1;
  let retry = 0;
  let wanted = 0;
  while (at < text.length) {
    const char = pattern.charAt(wanted);
    if (char === "*") {
      star = wanted;
      retry = at;
      wanted += 1;
    } else if (char === "?" || char === text.charAt(at)) {
      at += 1;
      wanted += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      wanted = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(wanted));
}
