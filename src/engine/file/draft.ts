/**
 * A tree being edited: pending entries over a base, seen as one Tree. Edits are data; `items` gives them as the entries of a layer. As in a
 * file system, names can share a file, and a directory in which a name comes or goes is as old as that.
 * All is packed, about 250 bytes a file: a COPY may have a million of them, and an archive may name them in a few bytes each.
 * Every path put here must be resolved already: no part of it is a symlink (the callers use `resolvePath` on the draft itself).
 */
import { InternalError } from "../../errors.ts";
import { compareTreePaths, joinTreePath, ROOT, type TreePath } from "../../paths.ts";
import type { DataSource, Entry, EntryTime, LayerItem, Tree } from "../../tree/index.ts";
import type { Change } from "./draft-files.ts";
import { draftItems, type Filling } from "./draft-items.ts";
import { createDraftNames, NO_FILE } from "./draft-names.ts";

/** A tree that can be written to. */
export interface Draft extends Tree {
  /** The time of the edits. */
  readonly now: EntryTime;
  /** Sets the entry at its path. Throws `LIMIT` where names and attributes are longer than a layer may have them. What is not a directory replaces a whole directory; a directory over another one keeps what is in it. */
  put(entry: Entry, data?: DataSource): void;
  /** Makes `path` another name of what is at `target`, which is no directory. */
  link(path: TreePath, target: TreePath): void;
  /** Changes what is at a path, under all its names. */
  change(path: TreePath, change: Change): void;
  /** Takes away what is at a path, with all below it. */
  remove(path: TreePath): void;
  /** Was the entry at this path itself edited? */
  isEdited(path: TreePath): boolean;
  /** Is this a directory that neither the base nor an edit has anything in? */
  isEmpty(path: TreePath): boolean;
  /** Fills an empty directory when the layer is written, with items in layer order, at least one. Nothing else of the draft shows them. Call once. */
  fill(path: TreePath, items: Iterable<LayerItem | Promise<LayerItem>>): void;
  /** All that was edited, with the directories above it, in layer order. */
  items(): AsyncGenerator<LayerItem, void, undefined>;
}

const NOTHING = { kind: "whiteout", mode: 0, uid: 0, gid: 0, size: 0 } as const;

/** Starts an edit of `base`. `now`: the time of directories in which something changes. */
export function createDraft(base: Tree, now: EntryTime): Draft {
  const names = createDraftNames(base, now);
  const { table, files } = names;
  const lookup = (path: TreePath): Entry | undefined => names.lookup(path);
  const fileAt = (path: TreePath): number => names.fileAt(table.find(path));
  let filling: Filling | undefined;

  return {
    now,
    lookup,
    readdir(path) {
      const found = new Map<TreePath, Entry>();
      if (!names.isHidden(path)) for (const entry of base.readdir(path)) found.set(entry.path, entry);
      const folder = table.find(path);
      for (const node of folder === undefined ? [] : table.children(folder)) {
        const entry = lookup(joinTreePath(path, table.name(node)));
        if (entry !== undefined) found.set(entry.path, entry);
        else found.delete(joinTreePath(path, table.name(node)));
      }
      return [...found.values()].toSorted((a, b) => compareTreePaths(a.path, b.path));
    },
    data(entry) {
      const file = fileAt(entry.path);
      if (file === NO_FILE) return base.data(entry);
      const data = names.data(file);
      if (data === undefined) throw new InternalError(`no data for ${entry.path}`);
      return data;
    },
    digest: (entry) => entry.digest ?? base.digest(entry),
    linkGroup: (entry) => (fileAt(entry.path) === NO_FILE ? base.linkGroup(entry) : undefined),

    put: (entry, data) => names.place(entry.path, entry.kind === "dir", (free) => files.put(entry, data, free)),
    link(path, target) {
      const file = names.edit(target);
      files.addName(file);
      names.place(path, false, () => file);
    },
    change: (path, change) => names.change(path, change),
    remove: (path) => names.place(path, false, (free) => files.put({ ...NOTHING, ...now, path }, undefined, free)),
    isEdited: (path) => fileAt(path) !== NO_FILE,
    isEmpty(path) {
      const node = table.find(path);
      if (node !== undefined && table.hasChildren(node)) return false;
      return (path === ROOT || lookup(path)?.kind === "dir") && (names.isHidden(path) || base.readdir(path).length === 0);
    },
    fill(path, items) {
      if (filling !== undefined) throw new InternalError(`a draft cannot fill "${path}": it fills another directory`);
      // As if something were put into it.
      if (path !== ROOT) names.change(path, now);
      filling = { node: table.make(path), items };
    },
    items: () => draftItems(names, filling),
  };
}
