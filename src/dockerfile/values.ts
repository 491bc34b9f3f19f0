/** Values that instructions and flags hold, with the syntax of Go's standard library, because that is what Dockerfiles are written against. */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const MAX_NS = 2 ** 63;

/**
 * "1m30s", "1.5h", "100ms" → nanoseconds. Exact up to 2^53 and for multiples of a millisecond.
 * Throws `DOCKERFILE_SEMANTIC` for anything else, and beyond 292 years.
 */
export function parseDuration(text: string, range?: SourceRange): number {
  const match = /^([+-]?)((?:\d*\.?\d*(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|0)$/.exec(text);
  const body = match?.[2];
  if (body === undefined) throw invalidDuration(text, range);
  if (body === "0") return 0;
  let total = 0;
  for (const part of body.matchAll(/(\d*\.?\d*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g)) {
    const [, digits = "", unit = ""] = part;
    if (!/\d/.test(digits)) throw invalidDuration(text, range);
    // Nanoseconds are the smallest part: what is below is cut off.
    total += Math.trunc(Number(digits) * (UNIT_NS[unit] ?? 0) + 1e-6);
  }
  if (total >= MAX_NS) throw invalidDuration(text, range);
  return match?.[1] === "-" ? -total : total;
}

/** 1, t, T, TRUE, true, True and their opposites. Throws `DOCKERFILE_SEMANTIC`; `what` names the value in the message. */
export function parseBool(text: string, what = "value", range?: SourceRange): boolean {
  if (isOn(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw semanticError(`Cannot read "${text}" as true or false: invalid value for ${what}: ${text}`, { range, hint: "Write true or false" });
}

/** Is a build argument that switches something on one of Go's words for true? */
export function isOn(text: string | undefined): boolean {
  return text !== undefined && ["1", "t", "T", "TRUE", "true", "True"].includes(text);
}

/** "64m", "1.5GiB", "100" → bytes; units are powers of 1024. Throws `DOCKERFILE_SEMANTIC`. */
export function parseSize(text: string, range?: SourceRange): number {
  const match = /^(\d+\.?\d*|\.\d+) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text);
  const [, digits, unit = ""] = match ?? [];
  const sizeBytes = Math.trunc(Number(digits ?? "NaN") * 1024 ** (1 + "kmgtp".indexOf(unit.toLowerCase() || "?")));
  if (!Number.isSafeInteger(sizeBytes)) {
    throw semanticError(`Cannot read the size "${text}": invalid value for size: ${text}`, {
      range,
      hint: "Write for example 64m or 1GiB",
    });
  }
  return sizeBytes;
}

/** Digits of `base` up to 2^32-1, as uid, gid (10) and mode (8) are. Throws `DOCKERFILE_SEMANTIC`. */
export function parseUint32(text: string, base: 8 | 10, what: string, range?: SourceRange): number {
  const value = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text) ? Number.parseInt(text, base) : Number.NaN;
  if (!(value < 2 ** 32)) {
    throw semanticError(`Cannot read "${text}" as ${what}: invalid value ${text} for ${what}`, {
      range,
      hint: base === 8 ? "Write octal digits, for example 0755" : "Write a number",
    });
  }
  return value;
}

/** The most that a user or group may be called by number: Go's int32, and what runtimes take. */
export const MAX_ID: number = 2 ** 31 - 1;

/**
 * A user or group as a number, as Go's ParseInt reads it: "7", "+5", "007"; "root" is 0. Undefined for names; NaN for numbers that no user can have.
 */
export function parseId(text: string): number | undefined {
  if (text === "root") return 0;
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id >= 0 && id <= MAX_ID ? Math.abs(id) : Number.NaN;
}

function invalidDuration(text: string, range: SourceRange | undefined): Error {
  return semanticError(`Cannot read the duration "${text}": time: invalid duration "${text}"`, {
    range,
    hint: "Write numbers with units, for example 30s, 1m30s or 500ms",
  });
}
