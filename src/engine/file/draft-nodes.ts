/** What was edited over a base: a node for each path, shared by the names of one file, and what of the base is covered. */
import { InternalError } from "../../errors.ts";
import { parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { DataSource, Entry, EntryTime, Tree } from "../../tree/index.ts";
import { createPathMap } from "./path-map.ts";

/** What names share. */
export interface DraftNode {
  entry: Entry;
  readonly data: DataSource | undefined;
  /** The bytes are those of this entry of the base. */
  readonly source?: Entry;
  names: number;
}

/** The edits so far. */
interface DraftNodes {
  /** Directories of the base that something else took the place of: what is below them is gone. */
  readonly covered: ReadonlySet<TreePath>;
  /** The entry of the base, unless it is gone. */
  inBase(path: TreePath): Entry | undefined;
  /** Are the names of the base in this directory gone? */
  isHidden(directory: TreePath): boolean;
  /** The node of a path that was edited. */
  get(path: TreePath): DraftNode | undefined;
  /** The node of a path that exists, which counts as edited from now on. */
  edit(path: TreePath): DraftNode;
  /** Puts a node at a path, in place of what is there; the directory above gets the time of the edit. */
  place(path: TreePath, node: DraftNode): void;
  /** Names in a directory that were edited, or that lead to something edited. */
  names(directory: TreePath): Iterable<string>;
  entries(): Iterable<[TreePath, DraftNode]>;
}

/** Starts without an edit. `now`: the time of directories in which something changes. */
export function createDraftNodes(base: Tree, now: EntryTime): DraftNodes {
  const pending = createPathMap<DraftNode>();
  const covered = new Set<TreePath>();

  const isBelowCovered = (path: TreePath): boolean => {
    for (let at = parentOf(path); covered.size > 0 && at !== ROOT; at = parentOf(at)) if (covered.has(at)) return true;
    return false;
  };
  const inBase = (path: TreePath): Entry | undefined => (isBelowCovered(path) ? undefined : base.lookup(path));
  const edit = (path: TreePath): DraftNode => {
    const known = pending.get(path);
    if (known !== undefined) return known;
    const source = inBase(path);
    if (source === undefined) throw new InternalError(`there is no "${path}" to be changed`);
    const node: DraftNode = { entry: source, data: undefined, source, names: 1 };
    pending.set(path, node);
    return node;
  };
  const remove = (path: TreePath): void => {
    const own = pending.get(path);
    if (own !== undefined) own.names -= 1;
    pending.delete(path);
  };
  const touch = (directory: TreePath): void => {
    if (directory === ROOT) return;
    const node = edit(directory);
    if (node.entry.mtimeSec !== now.mtimeSec || node.entry.mtimeNsec !== now.mtimeNsec) node.entry = { ...node.entry, ...now };
  };
  return {
    covered,
    inBase,
    isHidden: (directory) => covered.has(directory) || isBelowCovered(directory),
    get: (path) => pending.get(path),
    edit,
    place(path, node) {
      const before = pending.get(path)?.entry ?? inBase(path);
      const isDirectory = node.entry.kind === "dir";
      if (before?.kind === "dir" && !isDirectory) {
        if (inBase(path)?.kind === "dir") covered.add(path);
        for (const lost of pending.deleteBelow(path)) lost.names -= 1;
      }
      remove(path);
      pending.set(path, node);
      if (!isDirectory || before?.kind !== "dir") touch(parentOf(path));
    },
    names: (directory) => pending.names(directory),
    entries: () => pending.entries(),
  };
}
