/** Names of a draft: which path has which file, over a base of which directories can be covered. */
import { InternalError } from "../../errors.ts";
import { parentOf, ROOT, type TreePath } from "../../paths.ts";
import {
  checkIndexSize,
  createPathTable,
  type DataSource,
  type Entry,
  type EntryTime,
  hasSameTime,
  type PathTable,
  type Tree,
} from "../../tree/index.ts";
import { type Change, createDraftFiles, type DraftFiles } from "./draft-files.ts";

/** The file of a path that was not edited. */
export const NO_FILE = -1;

/** The edits so far. */
export interface DraftNames {
  /** The names that were edited or lead to some that were. */
  readonly table: PathTable;
  readonly files: DraftFiles;
  /** Directories of the base that something else took the place of: what is below them is gone. */
  readonly covered: ReadonlySet<TreePath>;
  /** The entry of the base, unless it is gone. */
  inBase(path: TreePath): Entry | undefined;
  /** Are the names that the base has in this directory gone? */
  isHidden(directory: TreePath): boolean;
  lookup(path: TreePath): Entry | undefined;
  /** The file at a node, or `NO_FILE`. */
  fileAt(node: number | undefined): number;
  /** The file at a path, which counts as edited from now on. Throws `InternalError`: nothing is there. */
  edit(path: TreePath): number;
  change(path: TreePath, change: Change): void;
  /**
   * Puts a file at a path; what was there goes, and the directory above gets the time of the edits. `fileFor`: gives the file, and may take
   * the record of one that has no name any more. Throws `LIMIT`.
   */
  place(path: TreePath, isDirectory: boolean, fileFor: (free: number | undefined) => number): void;
  /** Where the bytes of a file are. */
  data(file: number): DataSource | Promise<DataSource> | undefined;
}

/** The column of a node: its file plus 1, or 0. */
const FILE = 0;

/** Starts without an edit. `now`: the time of directories in which something changes. */
export function createDraftNames(base: Tree, now: EntryTime): DraftNames {
  const table = createPathTable(1);
  const files = createDraftFiles();
  const covered = new Set<TreePath>();
  let pathBytes = 0;
  /** The directory that was given the time of the edits last. */
  let touched: TreePath | undefined;

  const isBelowCovered = (path: TreePath): boolean => {
    for (let at = parentOf(path); covered.size > 0 && at !== ROOT; at = parentOf(at)) if (covered.has(at)) return true;
    return false;
  };
  const inBase = (path: TreePath): Entry | undefined => (isBelowCovered(path) ? undefined : base.lookup(path));
  const fileAt = (node: number | undefined): number => (node === undefined ? NO_FILE : table.get(node, FILE) - 1);

  const setAt = (path: TreePath, file: number): void => {
    const node = table.make(path);
    if (table.get(node, FILE) === 0) pathBytes += path.length;
    table.set(node, FILE, file + 1);
    // Small archives can name much: what no layer may hold is refused before it is collected.
    checkIndexSize(table.count, pathBytes + files.heapSize);
  };
  const edit = (path: TreePath): number => {
    const known = fileAt(table.find(path));
    if (known !== NO_FILE) return known;
    const source = inBase(path);
    if (source === undefined) throw new InternalError(`there is no "${path}" to be changed`);
    const file = files.putOfBase(source, () => table.make(path));
    setAt(path, file);
    return file;
  };
  const touch = (directory: TreePath): void => {
    if (directory === ROOT || directory === touched) return;
    const file = edit(directory);
    if (!hasSameTime(files.entry(file, directory), now)) files.change(file, directory, now);
    touched = directory;
  };
  const dropBelow = (node: number): void =>
    table.empty(node, (lost) => {
      const file = fileAt(lost);
      if (file !== NO_FILE) files.dropName(file);
    });

  return {
    table,
    files,
    covered,
    inBase,
    isHidden: (directory) => covered.has(directory) || isBelowCovered(directory),
    lookup(path) {
      const file = fileAt(table.find(path));
      if (file === NO_FILE) return inBase(path);
      const entry = files.entry(file, path);
      return entry.kind === "whiteout" ? undefined : entry;
    },
    fileAt,
    edit,
    change(path, change) {
      files.change(edit(path), path, change);
      touched = undefined;
    },
    place(path, isDirectory, fileFor) {
      const node = table.find(path);
      const own = fileAt(node);
      const below = own === NO_FILE || !isDirectory ? inBase(path) : undefined;
      const wasDirectory = (own === NO_FILE ? below : files.entry(own, path))?.kind === "dir";
      if (wasDirectory) touched = undefined;
      if (wasDirectory && !isDirectory) {
        if (below?.kind === "dir") covered.add(path);
        if (node !== undefined) dropBelow(node);
      }
      const isFree = own !== NO_FILE && files.dropName(own);
      setAt(path, fileFor(isFree ? own : undefined));
      if (!isDirectory || !wasDirectory) touch(parentOf(path));
    },
    data(file) {
      const data = files.data(file);
      if (data?.kind !== "other") return data;
      const entry = base.lookup(table.path(data.value));
      return entry === undefined ? undefined : base.data(entry);
    },
  };
}
