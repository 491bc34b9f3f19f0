/**
 * Reads tars as bytes come: ustar, GNU, PAX and old ones, with sparse files. Synchronous: push chunks in, get calls out.
 * Everything that an archive can make large is bounded. What comes after the end mark is ignored, as other tools do.
 */
import { given } from "../given.ts";
import { tarError } from "./errors.ts";
import { NO_DATA } from "./index-format.ts";
import type { PaxFields } from "./pax.ts";
import { parsePax, wholeNumber } from "./pax.ts";
import { tarEntry } from "./tar-entry.ts";
import type { TarHeader } from "./tar-header.ts";
import { BLOCK, parseTarHeader } from "./tar-header.ts";
import type { SparseMap, SparseMapReader, SparseReader } from "./tar-sparse.ts";
import { checkSparse, createSparseMapReader, createSparseReader, paxSparse, readOldSparse, sparseNumber } from "./tar-sparse.ts";
import type { Entry } from "./types.ts";

/** Limits and meaning. */
export interface TarParserOptions {
  /** An image layer: ".wh." names are whiteouts. Default false: they are names. */
  readonly layer?: boolean | undefined;
  /** Default 10,000,000. */
  readonly maxEntries?: number | undefined;
  /** Bytes of all files together, holes of sparse files included. Default 100 GiB. */
  readonly maxContentBytes?: number | undefined;
}

/** Gets what is read. For a file: `entry`, then `data` until all its bytes came, then `end`; for others `entry` alone. */
interface TarHandler {
  /** `dataOffset`: where the content is in the archive, or -1 when it is in pieces (sparse) or not a file. */
  entry(entry: Entry, dataOffset: number): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** Takes an archive in chunks. */
export interface TarParser {
  push(chunk: Uint8Array): void;
  /** The end mark was read: what comes now is not part of the archive. */
  readonly ended: boolean;
  /** The archive has ended. Throws `TAR` when it was cut off. */
  finish(): void;
}

const MAX_META = 1024 * 1024;
const DEFAULT_MAX_ENTRIES = 10_000_000;
const DEFAULT_MAX_CONTENT = 100 * 1024 ** 3;

type State = "header" | "meta" | "sparse-blocks" | "sparse-map" | "data" | "padding" | "end";

/** Makes a parser that calls `handler`. Throws `TAR`, `PATH_ESCAPE` and `WHITEOUT` out of `push`. */
export function createTarParser(handler: TarHandler, options: TarParserOptions = {}): TarParser {
  const layer = options.layer ?? false;
  const maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
  let contentLeft = options.maxContentBytes ?? DEFAULT_MAX_CONTENT;
  const carry = Buffer.alloc(BLOCK);
  let carried = 0;
  let state: State = "header";
  let offset = 0;
  let entries = 0;
  let zeroBlocks = 0;
  let remaining = 0;
  let padding = 0;
  let deliver: "file" | "skip" = "skip";
  let metaType = "";
  let meta: Buffer[] = [];
  let pax: PaxFields = {};
  let longName: string | undefined;
  let longLink: string | undefined;
  let sparse: SparseReader | undefined;
  let pieces: number[] = [];
  let mapReader: SparseMapReader | undefined;
  let pending: TarHeader | undefined;

  /** Takes the next 512 bytes, over chunk borders; undefined when there are not enough yet. */
  const block = (chunk: Buffer, at: number): { bytes: Buffer; at: number; next: number } | undefined => {
    if (carried === 0 && chunk.byteLength - at >= BLOCK) return { bytes: chunk, at, next: at + BLOCK };
    const size = Math.min(BLOCK - carried, chunk.byteLength - at);
    chunk.copy(carry, carried, at, at + size);
    carried += size;
    if (carried < BLOCK) return undefined;
    carried = 0;
    return { bytes: carry, at: 0, next: at + size };
  };

  const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

  const endData = (): void => {
    if (deliver === "file") {
      sparse?.end();
      handler.end();
    }
    sparse = undefined;
    state = padding > 0 ? "padding" : "header";
  };

  const startData = (size: number): void => {
    remaining = size;
    if (size > 0) state = "data";
    else endData();
  };

  /** The header is complete: tell the handler, and get ready for `stored` bytes. */
  const begin = (header: TarHeader, stored: number, map: SparseMap | undefined): void => {
    const size = map?.realSize ?? stored;
    const entry = tarEntry(header, { pax, ...given({ longName, longLink }) }, size, layer);
    pax = {};
    longName = undefined;
    longLink = undefined;
    pending = undefined;
    entries += 1;
    if (entries > maxEntries) throw tarError(`it has more than ${maxEntries} entries`);
    if (entry?.kind === "file") {
      contentLeft -= size;
      if (contentLeft < 0) throw tarError(`its files have more than ${options.maxContentBytes ?? DEFAULT_MAX_CONTENT} bytes`);
      handler.entry(entry, map === undefined ? offset : NO_DATA);
      sparse = map === undefined ? undefined : createSparseReader(map, (chunk) => handler.data(chunk));
      deliver = "file";
    } else {
      if (entry !== undefined) handler.entry(entry, NO_DATA);
      deliver = "skip";
    }
    startData(stored);
  };

  const takeHeader = (bytes: Buffer, at: number): void => {
    const header = parseTarHeader(bytes, at);
    if (header === undefined) {
      zeroBlocks += 1;
      if (zeroBlocks === 2) state = "end";
      return;
    }
    if (zeroBlocks > 0) throw tarError("entries follow a block of zeros");
    const isMeta = "xgLKV".includes(header.type);
    const size = isMeta ? header.size : (pax.size ?? header.size);
    if (size < 0) throw tarError("its size is negative", header.name);
    if (isMeta) {
      if (size > MAX_META) throw tarError(`an extended header has ${size} bytes; at most ${MAX_META} are read`);
      metaType = header.type;
      meta = [];
      remaining = size;
      padding = paddingOf(size);
      if (size > 0) state = "meta";
      return;
    }
    // Links, devices and directories have no content, whatever their size field says (as in Go's archive/tar).
    const stored = "123456".includes(header.type) ? 0 : size;
    padding = paddingOf(stored);
    if (header.type === "S") {
      pieces = [];
      readOldSparse(bytes, at + 386, 4, pieces);
      const more = bytes[at + 482] === 1;
      pending = { ...header, size: sparseNumber(bytes, at + 483) };
      remaining = stored;
      if (more) state = "sparse-blocks";
      else begin(header, stored, checkSparse({ realSize: pending.size, pieces }));
      return;
    }
    const map = header.type === "0" ? paxSparse(pax) : undefined;
    if (map === "in data") {
      pending = header;
      remaining = stored;
      mapReader = createSparseMapReader();
      state = "sparse-map";
    } else begin(header, stored, map);
  };

  const endMeta = (): void => {
    const data = meta.length === 1 && meta[0] !== undefined ? meta[0] : Buffer.concat(meta);
    meta = [];
    if (metaType === "x") pax = parsePax(data);
    else if (metaType === "g") parsePax(data);
    else if (metaType === "L") longName = untilNul(data);
    else if (metaType === "K") longLink = untilNul(data);
    state = padding > 0 ? "padding" : "header";
  };

  const step = (chunk: Buffer, at: number): number => {
    switch (state) {
      case "header":
      case "sparse-blocks": {
        const next = block(chunk, at);
        if (next === undefined) return chunk.byteLength;
        offset += BLOCK;
        if (state === "header") takeHeader(next.bytes, next.at);
        else {
          readOldSparse(next.bytes, next.at, 21, pieces);
          const header = pending;
          if (next.bytes[next.at + 504] !== 1 && header !== undefined)
            begin(header, remaining, checkSparse({ realSize: header.size, pieces }));
        }
        return next.next;
      }
      case "sparse-map": {
        const header = pending;
        if (mapReader === undefined || header === undefined) return chunk.byteLength;
        const next = mapReader.push(chunk, at);
        offset += next - at;
        if (mapReader.size > remaining) throw tarError("a sparse map is longer than its file", header.name);
        if (mapReader.done)
          begin(header, remaining - mapReader.size, mapReader.map(wholeNumber(pax.sparse?.get("realsize") ?? "", "GNU.sparse.realsize")));
        return next;
      }
      case "meta":
      case "data": {
        const size = Math.min(remaining, chunk.byteLength - at);
        const part = chunk.subarray(at, at + size);
        remaining -= size;
        offset += size;
        if (state === "meta") {
          // The chunk may be reused by whoever pushed it.
          meta.push(remaining === 0 && meta.length === 0 ? part : Buffer.from(part));
          if (remaining === 0) endMeta();
        } else {
          if (deliver === "file") {
            if (sparse === undefined) handler.data(part);
            else sparse.push(part);
          }
          if (remaining === 0) endData();
        }
        return at + size;
      }
      case "padding": {
        const size = Math.min(padding, chunk.byteLength - at);
        padding -= size;
        offset += size;
        if (padding === 0) state = "header";
        return at + size;
      }
      case "end":
        return chunk.byteLength;
    }
  };

  return {
    push(input) {
      const chunk = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
      for (let at = 0; at < chunk.byteLength;) at = step(chunk, at);
    },
    get ended() {
      return state === "end";
    },
    finish() {
      const isBetween = (state === "header" && carried === 0) || state === "padding" || state === "end";
      if (!isBetween) throw tarError("it is cut off");
      if (Object.keys(pax).length > 0 || longName !== undefined || longLink !== undefined)
        throw tarError("it ends after an extended header");
    },
  };
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString("latin1", 0, end < 0 ? data.byteLength : end);
}
