/** Sparse files in tars (GNU tar manual "Storing Sparse Files"): old GNU and PAX formats 0.0, 0.1 and 1.0, read as the whole file. */
import { tarError } from "./errors.ts";
import type { PaxFields } from "./pax.ts";
import { wholeNumber } from "./pax.ts";

/** Where the stored bytes belong in the whole file. */
export interface SparseMap {
  readonly realSize: number;
  /** Offset and length, by turns, ascending. */
  readonly pieces: readonly number[];
}

const MAX_PIECES = 100_000;
const ZEROS = Buffer.alloc(256 * 1024);

/** Reads up to `limit` (offset, length) fields of 12 bytes; an empty one ends them. */
export function readOldSparse(block: Buffer, at: number, limit: number, pieces: number[]): void {
  for (let index = 0; index < limit; index += 1) {
    const field = at + index * 24;
    if (block[field] === 0) return;
    pieces.push(sparseNumber(block, field), sparseNumber(block, field + 12));
    if (pieces.length > 2 * MAX_PIECES) throw tarError(`a sparse file has more than ${MAX_PIECES} pieces`);
  }
}

/** A 12-byte octal or base-256 number. */
export function sparseNumber(block: Buffer, at: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    const value = Number(block.readBigUInt64BE(at + 4));
    if (!Number.isSafeInteger(value)) throw tarError("a sparse file is too large");
    return value;
  }
  const digits = block.toString("latin1", at, at + 12).replaceAll(/[ \0]/g, "");
  if (!/^[0-7]*$/.test(digits)) throw tarError("a sparse map is damaged");
  return digits === "" ? 0 : parseInt(digits, 8);
}

/** The map of PAX formats 0.0 and 0.1, "in data" for 1.0 (whose map comes before the content), undefined for a plain file. */
export function paxSparse(pax: PaxFields): SparseMap | "in data" | undefined {
  const { sparse } = pax;
  if (sparse === undefined) return undefined;
  if (sparse.get("major") === "1") return "in data";
  const size = sparse.get("size") ?? sparse.get("realsize");
  if (size === undefined) return undefined;
  const listed = sparse.get("map");
  const pieces = listed === undefined ? (pax.sparsePairs ?? []) : listed.split(",").map((part) => wholeNumber(part, "GNU.sparse.map"));
  return checkSparse({ realSize: wholeNumber(size, "GNU.sparse.size"), pieces });
}

/** Pieces must ascend, not overlap and end inside. Throws `TAR`. */
export function checkSparse(map: SparseMap): SparseMap {
  let end = 0;
  if (map.pieces.length % 2 !== 0 || map.pieces.length > 2 * MAX_PIECES) throw tarError("a sparse map is damaged");
  for (let index = 0; index < map.pieces.length; index += 2) {
    const offset = map.pieces[index] ?? 0;
    if (offset < end) throw tarError("the pieces of a sparse file overlap");
    end = offset + (map.pieces[index + 1] ?? 0);
  }
  if (end > map.realSize) throw tarError("a sparse file has pieces after its end");
  return map;
}

/** Turns stored bytes into the whole file. */
export interface SparseReader {
  push(chunk: Buffer): void;
  end(): void;
}

/** Starts one; `emit` gets the content in order, zeros included. */
export function createSparseReader(map: SparseMap, emit: (chunk: Buffer) => void): SparseReader {
  let written = 0;
  let piece = 0;
  let taken = 0;
  const zerosTo = (offset: number): void => {
    while (written < offset) {
      const size = Math.min(ZEROS.byteLength, offset - written);
      emit(ZEROS.subarray(0, size));
      written += size;
    }
  };
  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.byteLength) {
        const length = map.pieces[piece * 2 + 1];
        if (length === undefined) throw tarError("a sparse file has more bytes than its map says");
        zerosTo((map.pieces[piece * 2] ?? 0) + taken);
        const size = Math.min(length - taken, chunk.byteLength - at);
        if (size > 0) emit(chunk.subarray(at, at + size));
        written += size;
        taken += size;
        at += size;
        if (taken === length) {
          piece += 1;
          taken = 0;
        }
      }
    },
    end() {
      // Pieces of no bytes only mark the end.
      while (map.pieces[piece * 2 + 1] === 0) piece += 1;
      if (map.pieces[piece * 2] !== undefined) throw tarError("a sparse file has fewer bytes than its map says");
      zerosTo(map.realSize);
    },
  };
}

/** Reads the map of PAX format 1.0: decimal numbers, one a line, first their count, padded to a block. Feed it bytes until `done`. */
export interface SparseMapReader {
  /** Takes what it needs of `chunk` from `at`; gives the next position. */
  push(chunk: Buffer, at: number): number;
  readonly done: boolean;
  /** Bytes taken, a multiple of 512 when done. */
  readonly size: number;
  map(realSize: number): SparseMap;
}

/** Starts reading such a map. */
export function createSparseMapReader(): SparseMapReader {
  const numbers: number[] = [];
  let digits = "";
  let size = 0;
  let complete = false;
  return {
    push(chunk, start) {
      let at = start;
      for (; at < chunk.byteLength && !(complete && size % 512 === 0); at += 1) {
        size += 1;
        if (complete) continue;
        const byte = chunk[at] ?? 0;
        if (byte !== 10) {
          digits += String.fromCharCode(byte);
          if (digits.length > 16) throw tarError("a sparse map is damaged");
          continue;
        }
        numbers.push(wholeNumber(digits, "sparse map"));
        digits = "";
        const count = numbers[0] ?? 0;
        if (count > MAX_PIECES) throw tarError(`a sparse file has more than ${MAX_PIECES} pieces`);
        complete = numbers.length === 1 + 2 * count;
      }
      return at;
    },
    get done() {
      return complete && size % 512 === 0;
    },
    get size() {
      return size;
    },
    map: (realSize) => checkSparse({ realSize, pieces: numbers.slice(1) }),
  };
}
