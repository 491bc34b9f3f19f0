/** What names of a draft share: for each file a packed record, where its bytes are, and how many names it has. Files are numbers. */
import type { TreePath } from "../../paths.ts";
import { createRecords, type DataSource, type Entry } from "../../tree/index.ts";
import { createPackedData } from "./packed-data.ts";

/** What can be changed of an entry that is there. */
export type Change = Partial<Pick<Entry, "mode" | "uid" | "gid" | "mtimeSec" | "mtimeNsec" | "xattrs">>;

/** Where the bytes of a file are: "other" has the node of an entry of the base. */
type FileData = DataSource | { readonly kind: "other"; readonly value: number };

/** The files that were edited. */
export interface DraftFiles {
  /** Bytes of link targets and attributes. */
  readonly heapSize: number;
  /** Gives the file of an entry, with one name. `free`: a file that has no name any more, whose record it takes. Throws `LIMIT`. */
  put(entry: Entry, data: DataSource | undefined, free: number | undefined): number;
  /** Gives a file for an entry of the base. `makeNode`: gives the node of its path, when it has bytes. Throws `LIMIT`. */
  putOfBase(entry: Entry, makeNode: () => number): number;
  /** Changes its entry, which has the path `path`. Throws `LIMIT`. */
  change(file: number, path: TreePath, change: Change): void;
  /** Its entry, under the path given. */
  entry(file: number, path: TreePath): Entry;
  data(file: number): FileData | undefined;
  names(file: number): number;
  addName(file: number): void;
  /** Takes a name away. True: it was the last one. */
  dropName(file: number): boolean;
}

const NO_DATA = -1;

/** Starts without a file. */
export function createDraftFiles(): DraftFiles {
  const records = createRecords();
  const sources = createPackedData();
  /** Of files with several names. */
  const counts = new Map<number, number>();
  const namesOf = (file: number): number => counts.get(file) ?? 1;

  return {
    get heapSize() {
      return records.heapSize;
    },
    put(entry, data, free) {
      const at = data === undefined ? NO_DATA : sources.add(data);
      if (free === undefined) return records.addNameless(entry, at);
      records.replace(free, entry, at);
      return free;
    },
    putOfBase: (entry, makeNode) => records.addNameless(entry, entry.kind === "file" ? sources.addOther(makeNode()) : NO_DATA),
    change: (file, path, change) => records.replace(file, { ...records.entry(file, path), ...change }, records.data(file)),
    entry: (file, path) => records.entry(file, path),
    data(file) {
      const at = records.data(file);
      return at === NO_DATA ? undefined : sources.at(at);
    },
    names: namesOf,
    addName: (file) => void counts.set(file, namesOf(file) + 1),
    dropName(file) {
      const names = namesOf(file);
      if (names > 2) counts.set(file, names - 1);
      else counts.delete(file);
      return names === 1;
    },
  };
}
