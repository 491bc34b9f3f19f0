/** Reads a file by blocks that are kept, so that the many small tables of an ELF file cost few reads; and bounded everywhere. */
import { fromBytes } from "../paths.ts";
import { elfError } from "./errors.ts";
import type { ElfReader } from "./types.ts";

const BLOCK = 16 * 1024;
/** No table that a loader needs is longer. */
const MAX_RANGE = 4 * 1024 * 1024;
/** PATH_MAX; names of libraries and search paths are shorter in practice. Search paths of build systems are longest. */
const MAX_STRING = 64 * 1024;
/** Of all strings of a file: thousands of entries may name the same long one. */
const MAX_STRINGS = 4 * 1024 * 1024;
const NUL = 0;

/** A file as ranges; throws `ELF` for what is not inside the file. */
export interface Blocks {
  readonly size: number;
  /** Exactly `length` bytes. `what` names the table in the message. */
  bytes(offset: number, length: number, what: string): Promise<Uint8Array>;
  /** The bytes before the next NUL, which must come before `end`. */
  string(offset: number, end: number): Promise<string>;
}

/** Makes `Blocks` over a reader. */
export function createBlocks(reader: ElfReader): Blocks {
  const known = new Map<number, Uint8Array>();
  let stringBytes = 0;

  const block = async (number: number): Promise<Uint8Array> => {
    const cached = known.get(number);
    if (cached !== undefined) return cached;
    const wanted = Math.min(BLOCK, reader.size - number * BLOCK);
    const bytes = await reader.read(number * BLOCK, wanted);
    if (bytes.byteLength < wanted) throw elfError(`it has fewer bytes than its size of ${reader.size}`);
    known.set(number, bytes);
    return bytes;
  };

  const bytes: Blocks["bytes"] = async (offset, length, what) => {
    if (!(offset >= 0 && length >= 0 && offset + length <= reader.size)) {
      throw elfError(`${what} would be at ${offset}, ${length} bytes long; the file has ${reader.size}`);
    }
    if (length > MAX_RANGE) throw elfError(`${what} has ${length} bytes; at most ${MAX_RANGE} are read`);
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const number = Math.floor((offset + done) / BLOCK);
      const inside = offset + done - number * BLOCK;
      const part = (await block(number)).subarray(inside, inside + length - done);
      out.set(part, done);
      done += part.byteLength;
    }
    return out;
  };

  return {
    size: reader.size,
    bytes,
    async string(offset, end) {
      const limit = Math.min(end, reader.size, offset + MAX_STRING);
      let text = "";
      for (let at = offset; at < limit;) {
        const number = Math.floor(at / BLOCK);
        const part = (await block(number)).subarray(at - number * BLOCK, Math.min(BLOCK, limit - number * BLOCK));
        const nul = part.indexOf(NUL);
        stringBytes += nul >= 0 ? nul : part.byteLength;
        if (stringBytes > MAX_STRINGS) throw elfError(`its names have more than ${MAX_STRINGS} bytes together`);
        if (nul >= 0) return text + fromBytes(part.subarray(0, nul));
        text += fromBytes(part);
        at += part.byteLength;
      }
      throw elfError(`the string at ${offset} does not end`);
    },
  };
}
