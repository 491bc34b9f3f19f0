/** Changes to cases: of single bits and numbers, and of whole pieces. One in fifty becomes long, so that what is not linear shows. */
import type { Random } from "../fuzz/random.ts";

/** More would make a case slow as such. */
const MAX_BYTES = 128 * 1024;
const MAX_REPEATED = 48 * 1024;
const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
const PIECES = [
  "\0",
  "\n",
  "\r\n",
  "../",
  "/",
  "..",
  "__proto__",
  "constructor",
  "\u{feff}",
  "é",
  "😀",
  "-1",
  "1e999",
  "99999999999999999999",
  "null",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "%",
  "$(",
  "${",
  " ",
  "\t",
  ",",
  ":",
  "*",
  "?",
  "&a",
  "*a",
  "<<",
  "!",
] as const;

/** The case with one to six changes; `others` are cases to take pieces from. */
export function mutated(given: Uint8Array, others: readonly Uint8Array[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(given);
  for (let left = 1 + random.below(6); left > 0; left -= 1) bytes = changed(bytes, others, random);
  return bytes.subarray(0, MAX_BYTES);
}

function changed(bytes: Buffer, others: readonly Uint8Array[], random: Random): Buffer {
  const at = random.below(bytes.byteLength + 1);
  const end = Math.min(bytes.byteLength, at + 1 + random.below(random.chance(0.2) ? 600 : 12));
  const between = (piece: Uint8Array, to: number): Buffer => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(to)]);
  switch (random.below(9)) {
    case 0:
      return between(Buffer.alloc(0), end);
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return between(bytes.subarray(at, end), at);
    case 3:
      return between(Buffer.from(random.pick(PIECES)), at);
    case 4: {
      const other = random.pick([bytes, ...others]);
      const from = random.below(other.byteLength + 1);
      return between(other.subarray(from, from + 1 + random.below(200)), random.chance(0.5) ? at : end);
    }
    case 5:
      return random.chance(0.1) ? between(repeated(bytes.subarray(at, end)), at) : between(bytes.subarray(at, end), at);
    case 6:
      return number(bytes, random);
    default:
      return flipped(bytes, random);
  }
}

function repeated(piece: Buffer): Buffer {
  return piece.byteLength === 0 ? piece : Buffer.alloc(MAX_REPEATED, piece);
}

function flipped(bytes: Buffer, random: Random): Buffer {
  const result = Buffer.from(bytes);
  const at = random.below(result.byteLength);
  if (at < result.byteLength) result[at] = random.chance(0.5) ? (result[at] ?? 0) ^ (1 << random.below(8)) : random.below(256);
  return result;
}

function number(bytes: Buffer, random: Random): Buffer {
  const result = Buffer.from(bytes);
  if (result.byteLength < 4) return result;
  const at = random.below(result.byteLength - 3);
  const value = random.pick(NUMBERS);
  if (random.chance(0.5)) result.writeUInt32LE(value, at);
  else result.writeUInt32BE(value, at);
  return result;
}
