/** Instructions of the Java virtual machine (JVM specification, chapter 6): where they end, and which names they need to be resolved. */
import type { ClassFile, JavaMethod } from "./java-class-file.ts";

/** One instruction. */
export interface Instruction {
  readonly at: number;
  readonly next: number;
  readonly code: number;
  /** The number behind it, where it refers to a constant. */
  readonly index: number;
}

/** Lengths of instructions from 0 on, a digit each: 0 for those of no fixed length. */
const LENGTHS =
  "1111111111111111" + // constants
  "2323322222111111" +
  "1111111111111111" +
  "1111112222211111" +
  "1111111111111111" +
  "1111111111111111" +
  "1111111111111111" +
  "1111111111111111" +
  "1111311111111111" +
  "1111111113333333" +
  "3333333332001111" +
  "1133333335532311" +
  "3311043355111111";
const MAX_HANDLERS = 500;
const OP = { LDC: 0x12, GOTO: 0xa7, GOTO_W: 0xc8, WIDE: 0xc4, TABLESWITCH: 0xaa, LOOKUPSWITCH: 0xab, IINC: 0x84 } as const;
/** Return instructions. */
export const isReturn = (code: number): boolean => code >= 0xac && code <= 0xb1;
/** Instructions behind which the next one may not be what runs next: branches, switches, throws, subroutines. */
export const isBranch = (code: number): boolean =>
  (code >= 0x99 && code <= 0xab && code !== OP.GOTO) || code === 0xbf || code === 0xc6 || code === 0xc7 || code >= 0xc9;
/** Instructions that may throw an exception besides what linking throws: arrays, division, fields of null. */
export const mayThrow = (code: number): boolean =>
  (code >= 0x2e && code <= 0x35) ||
  (code >= 0x4f && code <= 0x56) ||
  [0x6c, 0x6d, 0x70, 0x71, 0xb4, 0xb5, 0xbc, 0xbd, 0xbe, 0xc0, 0xc2, 0xc3, 0xc5].includes(code);

/** The instruction at a place; undefined for what is none, and behind the end. */
export function instructionAt(bytes: Buffer, at: number): Instruction | undefined {
  const code = bytes[at];
  if (code === undefined) return undefined;
  const length = lengthAt(bytes, at, code);
  if (length === undefined || length <= 0 || at + length > bytes.byteLength) return undefined;
  const index = code === OP.LDC ? (bytes[at + 1] ?? 0) : length >= 3 ? bytes.readUInt16BE(at + 1) : 0;
  return { at, next: at + length, code, index };
}

function lengthAt(bytes: Buffer, at: number, code: number): number | undefined {
  if (code === OP.WIDE) return bytes[at + 1] === OP.IINC ? 6 : 4;
  if (code !== OP.TABLESWITCH && code !== OP.LOOKUPSWITCH) return Number(LENGTHS[code] ?? "0") || undefined;
  const table = (at & ~3) + 4;
  if (table + 12 > bytes.byteLength) return undefined;
  const entries =
    code === OP.TABLESWITCH ? 3 + bytes.readInt32BE(table + 8) - bytes.readInt32BE(table + 4) + 1 : 2 + 2 * bytes.readInt32BE(table + 4);
  return entries < 2 ? undefined : table - at + 4 * entries;
}

/** The class that executing an instruction loads: of a field, a method, an object or a constant. "" stands for none. */
export function classNeeded({ pool }: ClassFile, { code, index }: Instruction): string {
  if (code >= 0xb2 && code <= 0xb9) return elementOf(pool.member(index)?.owner);
  // Constants, new, anewarray, multianewarray; a cast of null loads nothing.
  return [0x12, 0x13, 0xbb, 0xbd, 0xc5].includes(code) ? elementOf(pool.className(index)) : "";
}

function elementOf(name: string | undefined): string {
  if (name?.startsWith("[") !== true) return name ?? "";
  return /^\[+L([^;]+);$/.exec(name)?.[1] ?? "";
}

/** What may catch a failure to load a class or a library at an instruction; "exceptions" are no such failures. */
export function caughtAt({ handlers }: JavaMethod, at: number): "nothing" | "exceptions" | "errors" | "anything" {
  if (handlers.length > MAX_HANDLERS) return "errors";
  const around = handlers.filter(({ start, end }) => start <= at && at < end);
  if (around.length === 0) return "nothing";
  const caught = around.map(({ catches }) => catches);
  if (caught.every((name) => name !== undefined && /^java\/\S*Exception$/.test(name))) return "exceptions";
  // What catches anything is `finally`, which throws again.
  return caught.every((name) => name === undefined || /^java\/\S*Exception$/.test(name)) ? "anything" : "errors";
}
