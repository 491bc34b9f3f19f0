/** Hands entries and their contents to a handler: within bounds, and sparse files as the whole files that they are. */
import { tarError } from "./errors.ts";
import { NO_DATA } from "./index-format.ts";
import { createSparseReader, type SparseMap, type SparseReader } from "./tar-sparse.ts";
import type { Entry } from "./types.ts";

/** Gets what is read. For a file: `entry`, then `data` until all its bytes came, then `end`; for others `entry` alone. */
export interface TarHandler {
  /** `dataOffset`: where the content is in the archive, or -1 when it is in pieces (sparse) or not a file. */
  entry(entry: Entry, dataOffset: number): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** What an archive may cost. */
export interface TarBounds {
  /** Default 10,000,000. */
  readonly maxEntries?: number | undefined;
  /** Bytes of all files together, holes of sparse files included. Default 100 GiB. */
  readonly maxContentBytes?: number | undefined;
}

/** Takes entries with the bytes that the archive has of them. */
export interface TarContents {
  /** An entry; undefined for one that is skipped with its bytes. `offset`: where these begin. Throws `TAR` beyond a bound. */
  begin(entry: Entry | undefined, offset: number, map: SparseMap | undefined): void;
  push(part: Buffer): void;
  /** All its bytes came. */
  end(): void;
}

const DEFAULT_MAX_ENTRIES = 10_000_000;
const DEFAULT_MAX_CONTENT = 100 * 1024 ** 3;

/** Starts before the first entry. */
export function createTarContents(handler: TarHandler, bounds: TarBounds): TarContents {
  const { maxEntries = DEFAULT_MAX_ENTRIES, maxContentBytes = DEFAULT_MAX_CONTENT } = bounds;
  let entries = 0;
  let contentBytes = 0;
  let isFile = false;
  let sparse: SparseReader | undefined;
  return {
    begin(entry, offset, map) {
      entries += 1;
      if (entries > maxEntries) throw tarError(`it has more than ${maxEntries} entries`);
      isFile = entry?.kind === "file";
      if (entry === undefined) return;
      if (!isFile) {
        handler.entry(entry, NO_DATA);
        return;
      }
      contentBytes += entry.size;
      if (contentBytes > maxContentBytes) throw tarError(`its files have more than ${maxContentBytes} bytes`);
      handler.entry(entry, map === undefined ? offset : NO_DATA);
      sparse = map === undefined ? undefined : createSparseReader(map, (chunk) => handler.data(chunk));
    },
    push(part) {
      if (!isFile) return;
      if (sparse === undefined) handler.data(part);
      else sparse.push(part);
    },
    end() {
      if (!isFile) return;
      sparse?.end();
      sparse = undefined;
      handler.end();
    },
  };
}
