/** Pieces that several targets make their cases of. */
import type { Random } from "../fuzz/random.ts";

/** A text of up to `most` of the fragments. */
export function textOf(random: Random, fragments: readonly [string, ...string[]], most = 24): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(most) }, () => random.pick(fragments)).join(""));
}

/** JSON where a few values of `template` are others: of wrong types, deep, huge, or named like what every object has. */
export function jsonLike(random: Random, template: unknown, changes: number = 1 + random.below(4)): Buffer {
  let value: unknown = structuredClone(template);
  for (let left = random.chance(0.1) ? 0 : changes; left > 0; left -= 1) value = changedValue(value, random);
  return Buffer.from(JSON.stringify(value) ?? "null");
}

function changedValue(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.12)) return oddValue(value, random);
  if (Array.isArray(value)) {
    if (random.chance(0.1) && isSmall(value[0])) return Array.from({ length: 1000 }, () => value[0] as unknown);
    if (value.length === 0) return [oddValue(undefined, random)];
    const at = random.below(value.length);
    return random.chance(0.15) ? value.toSpliced(at, 1) : value.with(at, changedValue(value[at], random));
  }
  const entries = Object.entries(value);
  const at = random.below(entries.length);
  const chosen = entries[at];
  if (chosen === undefined || random.chance(0.1)) return withOwn([...entries, [random.pick(NAMES), oddValue(undefined, random)]]);
  if (random.chance(0.1)) return withOwn(entries.toSpliced(at, 1));
  return withOwn(entries.with(at, [chosen[0], changedValue(chosen[1], random)]));
}

/** Copies of copies would be gigabytes. */
function isSmall(value: unknown): boolean {
  return (JSON.stringify(value) ?? "").length < 200;
}

const NAMES = ["__proto__", "constructor", "toString", "length", "", "\0", "a".repeat(300)] as const;

/** Also `__proto__` is a property of its own, as `JSON.parse` makes it. */
function withOwn(entries: readonly (readonly [string, unknown])[]): object {
  const made = {};
  for (const [name, value] of entries) Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

function oddValue(old: unknown, random: Random): unknown {
  switch (random.below(16)) {
    case 0:
      return null;
    case 1:
      return random.pick([-1, 0, 0.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 1e-9]);
    case 2:
      return random.pick(["", "\0", "../../etc/passwd", "/", "..", "a b", "\n", "😀", "\ud800", "-", "--help", "$(id)", "9".repeat(40)]);
    case 3:
      return typeof old === "string" ? old + old : "x".repeat(1 + random.below(5000));
    case 4:
      return deep(random.pick([10, 200, 3000]));
    case 5:
      return JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}') as unknown;
    case 6:
      return [];
    case 7:
      return {};
    case 8:
      return random.chance(0.5);
    case 9:
      return isSmall(old) ? [old, old] : [];
    case 10:
      return { a: old };
    case 11:
      return Array.from({ length: 2000 }, (_, at) => at);
    case 12:
      return typeof old === "number" ? String(old) : 7;
    default:
      return typeof old === "string" ? spoilt(old, random) : old;
  }
}

function spoilt(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return (
    text.slice(0, at) + random.pick(["", "\0", "/", "..", "@", ":", " ", "\n", "é", "%2e", "\ud800"]) + text.slice(at + random.below(3))
  );
}

function deep(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A stream of the bytes in pieces of odd sizes. */
export async function* inPieces(bytes: Buffer, random: Random): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + 1 + random.below(random.chance(0.2) ? 7 : 4096);
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Throws unless `truth`: a promise is broken. */
export function holds(truth: boolean, promise: string): asserts truth {
  if (!truth) throw new Error(`broken promise: ${promise}`);
}
