/** The functions of templates: those that docker adds to Go's, and those of Go's that its users type. */
import { isDeepStrictEqual } from "node:util";

/** What templates work with. A `Map` is a map of Go: a key that it lacks is "<no value>", while objects must have the field. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | { readonly [Field: string]: Value };

/** A function: gives its value, or throws a text that says what is wrong. */
type TemplateFunction = (...args: readonly Value[]) => Value;

/** Thrown by functions and fields; `evaluate` says of which template. */
export class TemplateProblem extends Error {}

/** By name. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ["json", (value) => JSON.stringify(plain(value))],
  ["upper", (value) => textOf(value).toUpperCase()],
  ["lower", (value) => textOf(value).toLowerCase()],
  ["title", (value) => textOf(value).replace(/(^|\s)(\S)/g, (_all, before: string, first: string) => before + first.toUpperCase())],
  ["join", (list, separator = "") => listOf(list).map(shown).join(textOf(separator))],
  ["split", (value, separator = "") => textOf(value).split(textOf(separator))],
  ["truncate", (value, count) => textOf(value).slice(0, numberOf(count))],
  ["pad", (value, before, after) => `${" ".repeat(widthOf(before))}${textOf(value)}${" ".repeat(widthOf(after))}`],
  ["print", (...values) => values.map(shown).join("")],
  ["println", (...values) => `${values.map(shown).join(" ")}\n`],
  ["printf", (format, ...values) => printf(textOf(format), values)],
  ["len", (value) => lengthOf(value)],
  ["index", (value, ...keys) => keys.reduce(indexed, value)],
  ["not", (value) => !isTrue(value)],
  ["and", (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1)],
  ["or", (...values) => values.find(isTrue) ?? values.at(-1)],
  ["eq", (first, ...others) => others.some((other) => isDeepStrictEqual(first, other))],
  ["ne", (first, second) => !isDeepStrictEqual(first, second)],
  ["lt", (first, second) => compared(first, second) < 0],
  ["le", (first, second) => compared(first, second) <= 0],
  ["gt", (first, second) => compared(first, second) > 0],
  ["ge", (first, second) => compared(first, second) >= 0],
]);

/** A value as Go prints it. */
export function shown(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(shown).join(" ")}]`;
  if (value instanceof Map)
    return `map[${entriesOf(value)
      .map(([key, item]) => `${key}:${shown(item)}`)
      .join(" ")}]`;
  return `{${Object.values(value).map(shown).join(" ")}}`;
}

/** Go's truth: not empty, not zero. */
export function isTrue(value: Value): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === "") return false;
  return typeof value !== "object" || lengthOf(value) > 0 || !(isList(value) || value instanceof Map);
}

/** The keys and values of a map, sorted as Go has them. */
export function entriesOf(value: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...value].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Lists are readonly here, which `Array.isArray` does not know. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function plain(value: Value): unknown {
  if (value === undefined) return null;
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(plain);
  const entries = value instanceof Map ? entriesOf(value) : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

function textOf(value: Value): string {
  if (typeof value === "string") return value;
  throw new TemplateProblem(`${shown(value)} is no text`);
}

function numberOf(value: Value): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TemplateProblem(`${shown(value)} is no whole number`);
}

function widthOf(value: Value): number {
  return Math.min(numberOf(value), 1000);
}

function listOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (value === null || value === undefined) return [];
  throw new TemplateProblem(`${shown(value)} is no list`);
}

function lengthOf(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Map) return value.size;
  if (value !== null && typeof value === "object" && !isList(value)) return Object.keys(value).length;
  return listOf(value).length;
}

function indexed(value: Value, key: Value): Value {
  if (value instanceof Map) return value.get(textOf(key));
  const list = listOf(value);
  const at = numberOf(key);
  if (at < list.length) return list[at];
  throw new TemplateProblem(`there is no element ${at}: the list has ${list.length}`);
}

function compared(first: Value, second: Value): number {
  if (typeof first === "number" && typeof second === "number") return first - second;
  const [a, b] = [textOf(first), textOf(second)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** %s, %v, %d, %q, %t and %%, with a width; others are errors. */
function printf(format: string, values: readonly Value[]): string {
  let at = 0;
  return format.replace(/%(-?\d{0,3})(.?)/g, (whole, width: string, verb: string) => {
    if (verb === "%") return "%";
    if (!"svdqt".includes(verb) || verb === "") throw new TemplateProblem(`${whole} of printf is not supported`);
    const value = values[at];
    at += 1;
    const text = verb === "q" ? JSON.stringify(shown(value)) : shown(value);
    return width.startsWith("-") ? text.padEnd(-Number(width)) : text.padStart(Number(width));
  });
}
