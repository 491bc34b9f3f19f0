/**
 * Reads tars as bytes come: ustar, GNU, PAX and old ones, with sparse files. Synchronous: push chunks in, get calls out.
 * Everything that an archive can make large is bounded. What comes after the end mark is ignored, as other tools do.
 */
import { tarError } from "./errors.ts";
import { wholeNumber } from "./pax.ts";
import { type BlockReader, createBlockReader } from "./tar-blocks.ts";
import { createTarContents, type TarBounds, type TarContents, type TarHandler } from "./tar-contents.ts";
import { tarEntry } from "./tar-entry.ts";
import { createTarExtensions, isExtension, type TarExtensions } from "./tar-extensions.ts";
import { BLOCK, parseTarHeader, type TarHeader } from "./tar-header.ts";
import {
  checkSparse,
  createSparseMapReader,
  paxSparse,
  readOldSparse,
  sparseNumber,
  type SparseMap,
  type SparseMapReader,
} from "./tar-sparse.ts";

/** Limits and meaning. */
export interface TarParserOptions extends TarBounds {
  /** An image layer: ".wh." names are whiteouts. Default false: they are names. */
  readonly layer?: boolean | undefined;
}

/** Takes an archive in chunks. */
export interface TarParser {
  push(chunk: Uint8Array): void;
  /** The end mark was read: what comes now is not part of the archive. */
  readonly ended: boolean;
  /** The archive has ended. Throws `TAR` when it was cut off. */
  finish(): void;
}

/** How far an archive was read. */
interface Progress {
  readonly layer: boolean;
  readonly blocks: BlockReader;
  readonly extensions: TarExtensions;
  readonly contents: TarContents;
  /** What comes next. */
  state: "header" | "extension" | "sparse-blocks" | "sparse-map" | "data" | "padding" | "end";
  /** Bytes that were taken. */
  offset: number;
  zeroBlocks: number;
  /** Bytes of the extended header or the content that are still to come, and those that fill its last block. */
  remaining: number;
  padding: number;
  /** A sparse file of GNU's old format, whose map goes on in the blocks behind its header. */
  oldSparse: { readonly header: TarHeader; readonly realSize: number; readonly pieces: number[] } | undefined;
  /** A sparse file of PAX format 1.0, whose map comes before its content. */
  sparse: { readonly header: TarHeader; readonly map: SparseMapReader } | undefined;
}

/** Makes a parser that calls `handler`. Throws `TAR`, `PATH_ESCAPE` and `WHITEOUT` out of `push`. */
export function createTarParser(handler: TarHandler, options: TarParserOptions = {}): TarParser {
  const progress: Progress = {
    layer: options.layer ?? false,
    blocks: createBlockReader(),
    extensions: createTarExtensions(),
    contents: createTarContents(handler, options),
    state: "header",
    offset: 0,
    zeroBlocks: 0,
    remaining: 0,
    padding: 0,
    oldSparse: undefined,
    sparse: undefined,
  };
  return {
    push(input) {
      const chunk = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
      for (let at = 0; at < chunk.byteLength;) at = step(progress, chunk, at);
    },
    get ended() {
      return progress.state === "end";
    },
    finish() {
      const { state, blocks, extensions } = progress;
      const isBetween = (state === "header" && blocks.isEmpty) || state === "padding" || state === "end";
      if (!isBetween) throw tarError("it is cut off");
      if (!extensions.isEmpty) throw tarError("it ends after an extended header");
    },
  };
}

/** Takes what comes next from `chunk`, and gives where the chunk goes on. */
function step(progress: Progress, chunk: Buffer, at: number): number {
  switch (progress.state) {
    case "header":
    case "sparse-blocks":
      return takeBlock(progress, chunk, at);
    case "sparse-map":
      return takeSparseMap(progress, chunk, at);
    case "extension":
    case "data":
      return takeStored(progress, chunk, at);
    case "padding": {
      const size = Math.min(progress.padding, chunk.byteLength - at);
      progress.padding -= size;
      progress.offset += size;
      if (progress.padding === 0) progress.state = "header";
      return at + size;
    }
    case "end":
      return chunk.byteLength;
  }
}

function takeBlock(progress: Progress, chunk: Buffer, start: number): number {
  const block = progress.blocks.take(chunk, start);
  if (block === undefined) return chunk.byteLength;
  progress.offset += BLOCK;
  if (progress.state === "header") takeHeader(progress, block.bytes, block.at);
  else if (progress.oldSparse !== undefined) {
    const { header, realSize, pieces } = progress.oldSparse;
    readOldSparse(block.bytes, block.at, 21, pieces);
    const isLast = block.bytes[block.at + 504] !== 1;
    if (isLast) begin(progress, header, progress.remaining, checkSparse({ realSize, pieces }));
  }
  return block.next;
}

function takeHeader(progress: Progress, bytes: Buffer, at: number): void {
  const header = parseTarHeader(bytes, at);
  if (header === undefined) {
    progress.zeroBlocks += 1;
    if (progress.zeroBlocks === 2) progress.state = "end";
    return;
  }
  if (progress.zeroBlocks > 0) throw tarError("entries follow a block of zeros");
  const { extensions } = progress;
  const isMeta = isExtension(header);
  const size = isMeta ? header.size : (extensions.pax.size ?? header.size);
  if (size < 0) throw tarError("its size is negative", header.name);
  // Links, devices and directories have no content, whatever their size field says (as in Go's archive/tar).
  const stored = "123456".includes(header.type) ? 0 : size;
  progress.remaining = stored;
  progress.padding = paddingOf(stored);
  if (isMeta) {
    extensions.begin(header.type, size);
    if (size > 0) progress.state = "extension";
  } else if (header.type === "S") beginOldSparse(progress, header, bytes, at);
  else {
    const map = header.type === "0" ? paxSparse(extensions.pax) : undefined;
    if (map === "in data") {
      progress.sparse = { header, map: createSparseMapReader() };
      progress.state = "sparse-map";
    } else begin(progress, header, stored, map);
  }
}

/** A sparse file in GNU's old format: the header has the first four pieces, and says whether blocks with more follow. */
function beginOldSparse(progress: Progress, header: TarHeader, bytes: Buffer, at: number): void {
  const pieces: number[] = [];
  readOldSparse(bytes, at + 386, 4, pieces);
  const realSize = sparseNumber(bytes, at + 483);
  if (bytes[at + 482] === 1) {
    progress.oldSparse = { header, realSize, pieces };
    progress.state = "sparse-blocks";
  } else begin(progress, header, progress.remaining, checkSparse({ realSize, pieces }));
}

function takeSparseMap(progress: Progress, chunk: Buffer, start: number): number {
  if (progress.sparse === undefined) return chunk.byteLength;
  const { header, map } = progress.sparse;
  const next = map.push(chunk, start);
  progress.offset += next - start;
  if (map.size > progress.remaining) throw tarError("a sparse map is longer than its file", header.name);
  if (map.done) {
    const realSize = wholeNumber(progress.extensions.pax.sparse?.get("realsize") ?? "", "GNU.sparse.realsize");
    begin(progress, header, progress.remaining - map.size, map.map(realSize));
  }
  return next;
}

/** The header is complete: tells of the entry, and gets ready for the `stored` bytes that the archive has of it. */
function begin(progress: Progress, header: TarHeader, stored: number, map: SparseMap | undefined): void {
  const entry = tarEntry(header, progress.extensions.take(), map?.realSize ?? stored, progress.layer);
  progress.oldSparse = undefined;
  progress.sparse = undefined;
  progress.contents.begin(entry, progress.offset, map);
  progress.remaining = stored;
  progress.state = "data";
  if (stored === 0) endStored(progress);
}

function takeStored(progress: Progress, chunk: Buffer, at: number): number {
  const size = Math.min(progress.remaining, chunk.byteLength - at);
  const part = chunk.subarray(at, at + size);
  progress.remaining -= size;
  progress.offset += size;
  if (progress.state === "extension") progress.extensions.push(part, progress.remaining === 0);
  else progress.contents.push(part);
  if (progress.remaining === 0) endStored(progress);
  return at + size;
}

function endStored(progress: Progress): void {
  if (progress.state === "data") progress.contents.end();
  progress.state = progress.padding > 0 ? "padding" : "header";
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
