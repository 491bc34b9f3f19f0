/** What comes before a header and belongs to it: PAX fields, and the long names of GNU tar. */
import { tarError } from "./errors.ts";
import { parsePax, type PaxFields } from "./pax.ts";
import type { TarHeader } from "./tar-header.ts";

/** What was said of the next entry. */
export interface TarNames {
  readonly pax: PaxFields;
  readonly longName?: string | undefined;
  readonly longLink?: string | undefined;
}

/** Collects extended headers until their entry comes. */
export interface TarExtensions {
  readonly pax: PaxFields;
  /** Nothing waits for an entry. */
  readonly isEmpty: boolean;
  /** Starts an extended header of `size` bytes. Throws `TAR` when they are too many. */
  begin(type: string, size: number): void;
  /** Takes a part of its bytes. Throws `TAR` for records that cannot be read. */
  push(part: Buffer, isLast: boolean): void;
  /** Gives all, and forgets it. */
  take(): TarNames;
}

const MAX_SIZE = 1024 * 1024;

/** Is this the header of an extended header? Of "g", fields for all entries, and "V", a label, nothing is kept. */
export function isExtension({ type }: TarHeader): boolean {
  return "xgLKV".includes(type);
}

/** Starts with nothing. */
export function createTarExtensions(): TarExtensions {
  let type = "";
  let parts: Buffer[] = [];
  let pax: PaxFields = {};
  let longName: string | undefined;
  let longLink: string | undefined;

  const end = (data: Buffer): void => {
    if (type === "x") pax = parsePax(data);
    else if (type === "g") parsePax(data);
    else if (type === "L") longName = untilNul(data);
    else if (type === "K") longLink = untilNul(data);
  };
  return {
    get pax() {
      return pax;
    },
    get isEmpty() {
      return Object.keys(pax).length === 0 && longName === undefined && longLink === undefined;
    },
    begin(started, size) {
      if (size > MAX_SIZE) throw tarError(`an extended header has ${size} bytes; at most ${MAX_SIZE} are read`);
      type = started;
      parts = [];
    },
    push(part, isLast) {
      if (isLast) {
        end(parts.length === 0 ? part : Buffer.concat([...parts, part]));
        parts = [];
        return;
      }
      // The chunk may be reused by whoever pushed it.
      parts.push(Buffer.from(part));
    },
    take() {
      const names = { pax, longName, longLink };
      pax = {};
      longName = undefined;
      longLink = undefined;
      return names;
    },
  };
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString("latin1", 0, end < 0 ? data.byteLength : end);
}
