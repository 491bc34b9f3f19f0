/** Methods of strings. Those that take a regular expression are unknown, unless it is plain text: a stranger's pattern is not tried. */
import { arrayOf, type PlainPattern, plainFunction, ScriptObject, UNKNOWN, type Value } from "./values.ts";

type Method = (text: string, first: Value, second: Value) => Value;

const word =
  (compute: (text: string, word: string) => Value): Method =>
  (text, first) =>
    typeof first === "string" ? compute(text, first) : UNKNOWN;
const numbers =
  (compute: (text: string, from: number | undefined, to: number | undefined) => Value): Method =>
  (text, first, second) =>
    (first === undefined || typeof first === "number") && (second === undefined || typeof second === "number")
      ? compute(text, first, second)
      : UNKNOWN;

const METHODS: Readonly<Record<string, Method>> = {
  includes: word((text, one) => text.includes(one)),
  startsWith: word((text, one) => text.startsWith(one)),
  endsWith: word((text, one) => text.endsWith(one)),
  indexOf: word((text, one) => text.indexOf(one)),
  lastIndexOf: word((text, one) => text.lastIndexOf(one)),
  split: (text, by, limit) => (typeof by === "string" && limit === undefined ? arrayOf(text.split(by)) : UNKNOWN),
  concat: word((text, one) => text + one),
  replace: (text, from, to) => {
    // "$&" is no text.
    if (typeof to !== "string" || to.includes("$")) return UNKNOWN;
    if (typeof from === "string") return text.replace(from, () => to);
    const pattern = from instanceof ScriptObject ? from.pattern : undefined;
    if (pattern === undefined) return UNKNOWN;
    if (pattern.atStart || pattern.atEnd) return replacedAtEnds(text, pattern, to);
    return pattern.isGlobal ? text.replaceAll(pattern.text, () => to) : text.replace(pattern.text, () => to);
  },
  replaceAll: (text, from, to) =>
    typeof from === "string" && typeof to === "string" && !to.includes("$") ? text.replaceAll(from, () => to) : UNKNOWN,
  slice: numbers((text, from, to) => text.slice(from, to)),
  substring: numbers((text, from, to) => text.substring(from ?? 0, to)),
  charAt: numbers((text, at) => text.charAt(at ?? 0)),
  toLowerCase: (text) => text.toLowerCase(),
  toUpperCase: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  toString: (text: string): Value => text,
};

function replacedAtEnds(text: string, pattern: PlainPattern, to: string): string {
  if (!matches(text, pattern)) return text;
  return pattern.atStart ? to + text.slice(pattern.text.length) : text.slice(0, text.length - pattern.text.length) + to;
}

function matches(given: string, { text, atStart, atEnd }: PlainPattern): boolean {
  if (atStart && atEnd) return given === text;
  return atStart ? given.startsWith(text) : atEnd ? given.endsWith(text) : given.includes(text);
}

/** `/text/` of a program, as a pattern; undefined when it is more than text. */
export function plainPattern(source: string, flags: string): PlainPattern | undefined {
  const [, start = "", text = "", end = ""] = /^(\^?)((?:[\w@/ -]|\\[./@-])+)(\$?)$/.exec(source) ?? [];
  if (text === "" || !/^g?$/.test(flags)) return undefined;
  return { text: text.replaceAll("\\", ""), atStart: start !== "", atEnd: end !== "", isGlobal: flags !== "" };
}

/** `/text/.name` */
export function patternMethods(pattern: PlainPattern, name: string): Value {
  // A global pattern goes on where it stopped before.
  if (name !== "test" || pattern.isGlobal) return UNKNOWN;
  return plainFunction(([given]) => (typeof given === "string" ? matches(given, pattern) : UNKNOWN));
}

/** `text.name` */
export function stringMethods(text: string, name: string): Value {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return method === undefined ? UNKNOWN : plainFunction(([first, second]) => method(text, first, second));
}
