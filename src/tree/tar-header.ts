/** One 512-byte header of ustar, GNU and old tars (POSIX pax "ustar Interchange Format"; GNU tar manual "Basic Tar Format"). */
import { tarError } from "./errors.ts";

/** Everything in a tar comes in blocks of this size. */
export const BLOCK = 512;

/** What a header block says. Strings are in bytes form. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** The type flag as a character; "0" for NUL. */
  readonly type: string;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
}

/** Reads a block, or undefined for one of zeros. Throws `TAR`. */
export function parseTarHeader(block: Buffer, at: number): TarHeader | undefined {
  const sum = checksum(block, at);
  if (sum === 8 * 32 && isZero(block, at)) return undefined;
  const name = text(block, at, 100);
  const stored = octal(block, at + 148, 8, "checksum", name);
  if (stored !== sum && stored !== signedChecksum(block, at))
    throw tarError("a header has a wrong checksum; this is no tar archive, or a damaged one");
  const flag = block[at + 156] ?? 0;
  const isUstar = block.toString("latin1", at + 257, at + 262) === "ustar";
  // "ustar\0": POSIX, with a prefix. "ustar ": GNU, which keeps other fields there.
  const prefix = isUstar && block[at + 262] === 0 ? text(block, at + 345, 155) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(block, at + 100, 8, "mode", name) & 0o7777,
    uid: number(block, at + 108, 8, "uid", name),
    gid: number(block, at + 116, 8, "gid", name),
    size: number(block, at + 124, 12, "size", name),
    mtime: number(block, at + 136, 12, "mtime", name),
    type: flag === 0 ? "0" : String.fromCharCode(flag),
    link: text(block, at + 157, 100),
    major: isUstar && (flag === 51 || flag === 52) ? number(block, at + 329, 8, "major", name) : 0,
    minor: isUstar && (flag === 51 || flag === 52) ? number(block, at + 337, 8, "minor", name) : 0,
  };
}

/** Bytes up to the first NUL. */
function text(block: Buffer, at: number, size: number): string {
  let end = at;
  while (end < at + size && block[end] !== 0) end += 1;
  return block.toString("latin1", at, end);
}

/** Octal digits, or GNU's base-256 when the first bit is set. */
function number(block: Buffer, at: number, size: number, what: string, name: string): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) return octal(block, at, size, what, name);
  const negative = (first & 0x40) !== 0;
  let value = negative ? -1 : 0;
  for (let index = 0; index < size; index += 1) {
    const byte = index === 0 ? (negative ? first | 0x80 : first & 0x7f) : (block[at + index] ?? 0);
    value = index === 0 && negative ? byte - 256 : value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw tarError(`its ${what} is too large`, name);
  }
  return value;
}

/** Digits between spaces and NULs; nothing at all counts as 0. */
function octal(block: Buffer, at: number, size: number, what: string, name: string): number {
  let value = 0;
  let index = 0;
  while (index < size && block[at + index] === 32) index += 1;
  for (; index < size; index += 1) {
    const byte = block[at + index] ?? 0;
    if (byte === 0 || byte === 32) break;
    if (byte < 48 || byte > 55) throw tarError(`its ${what} is not a number`, name);
    value = value * 8 + (byte - 48);
  }
  return value;
}

/** The sum of all bytes, with the checksum field itself taken as spaces. */
export function checksum(block: Uint8Array, at: number): number {
  let sum = 8 * 32;
  for (let index = at; index < at + 148; index += 1) sum += block[index] ?? 0;
  for (let index = at + 156; index < at + BLOCK; index += 1) sum += block[index] ?? 0;
  return sum;
}

/** The same with signed bytes, as some old tools have it. */
function signedChecksum(block: Buffer, at: number): number {
  let sum = 8 * 32;
  for (let index = 0; index < BLOCK; index += 1) if (index < 148 || index >= 156) sum += block.readInt8(at + index);
  return sum;
}

function isZero(block: Buffer, at: number): boolean {
  for (let index = at; index < at + BLOCK; index += 1) if (block[index] !== 0) return false;
  return true;
}
