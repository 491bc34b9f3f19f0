/**
 * Where a bzip2 stream ends. Its blocks are packed bit by bit and say no sizes, but its end does: 48 bits that no block holds but by chance
 * (one in 35,000 for each GB, and then the stream is refused), a checksum, and zero bits up to the next whole byte.
 */
import type { MemberScan } from "./member-scan.ts";

const END = 0x177245385090n;
const HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;

interface Shifted {
  readonly shift: number;
  /** The mark's high bits as they stand in the upper 24 bits of a window of 56, and how many there are. */
  readonly high: number;
  readonly highMask: number;
  /** The mark's low bits, without those of the window behind it. */
  readonly low: number;
}

/** By the last byte but one of a window of seven bytes, all of whose bits belong to the mark: how the mark can stand in it. */
const CANDIDATES = candidates();

/** Does a stream begin here? Needs ten bytes: a block follows, or the end of an empty stream. */
export function isBzip2Stream(head: Buffer): boolean {
  const magic = head.toString("latin1", 4, 10);
  return /^BZh[1-9]$/.test(head.toString("latin1", 0, 4)) && (magic === "1AY&SY" || magic === "\x17rE8P\x90");
}

/** Starts to scan a stream. */
export function scanBzip2Stream(): MemberScan {
  let high = 0;
  let low = 0;
  let headerLeft = HEADER_BYTES;
  /** Bytes of the checksum that are to come; -1: the end mark was not met. */
  let checksumLeft = -1;
  return {
    get done() {
      return checksumLeft === 0;
    },
    push(bytes) {
      let at = Math.min(headerLeft, bytes.byteLength);
      headerLeft -= at;
      while (at < bytes.byteLength && checksumLeft < 0) {
        high = ((high << 8) | (low >>> 24)) & 0xffffff;
        low = ((low << 8) | (bytes[at] ?? 0)) >>> 0;
        at += 1;
        const possible = CANDIDATES[(low >>> 8) & 0xff];
        if (possible?.some((one) => low >>> one.shift === one.low && (high & one.highMask) === one.high) === true)
          checksumLeft = CHECKSUM_BYTES;
      }
      const rest = Math.min(Math.max(0, checksumLeft), bytes.byteLength - at);
      if (checksumLeft > 0) checksumLeft -= rest;
      return at + rest;
    },
  };
}

function candidates(): (readonly Shifted[] | undefined)[] {
  const table: (Shifted[] | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (let shift = 0; shift < 8; shift += 1) {
    const placed = END << BigInt(shift);
    const byte = Number((placed >> 8n) & 0xffn);
    const highBits = 16 + shift;
    (table[byte] ??= []).push({
      shift,
      high: Number(placed >> 32n),
      highMask: 2 ** highBits - 1,
      low: Number((placed & 0xffffffffn) >> BigInt(shift)),
    });
  }
  return table;
}
