/**
 * A tree being edited: pending entries over a base, seen as one Tree. Edits are data; `items` gives them as the entries of a layer.
 * Every path put here must be resolved already: no part of it is a symlink (the callers use `resolvePath` on the draft itself).
 */
import { InternalError } from "../../errors.ts";
import { baseName, compareTreePaths, isWithin, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { DataSource, Entry, LayerItem, Tree } from "../../tree/index.ts";

/** A tree that can be written to. */
export interface Draft extends Tree {
  /** Sets the entry at its path. What is not a directory replaces a whole directory. */
  put(entry: Entry, data?: DataSource): void;
  /** Makes missing directories up to `path`, top first. Gives the paths made. */
  mkdirAll(path: TreePath, make: (path: TreePath) => Entry): TreePath[];
  /** All that was put, with the directories above it, in layer order. */
  items(): LayerItem[];
}

interface Pending {
  readonly entry: Entry;
  readonly data: DataSource | undefined;
}

/** Starts an edit of `base`. */
export function createDraft(base: Tree): Draft {
  const pending = new Map<TreePath, Pending>();
  /** Names that were put as hard links, by the path that holds their bytes. */
  const links = new Map<TreePath, TreePath[]>();
  /** Directories of the base that something else took the place of: what is below them is gone. */
  const covered: TreePath[] = [];

  const lookup = (path: TreePath): Entry | undefined => {
    const own = pending.get(path);
    if (own !== undefined) return own.entry.kind === "hardlink" ? linked(own.entry) : own.entry;
    if (covered.some((hidden) => path !== hidden && isWithin(path, hidden))) return undefined;
    return base.lookup(path);
  };
  const linked = (entry: Entry): Entry | undefined => {
    const target = pending.get((entry.link ?? "") as TreePath);
    return target === undefined ? undefined : { ...target.entry, path: entry.path };
  };

  const addLink = (target: TreePath, name: TreePath): void => {
    const names = links.get(target);
    if (names === undefined) links.set(target, [name]);
    else names.push(name);
  };
  /** Takes a pending path away. Where it held the bytes of hard links, the first of them gets the bytes. */
  const remove = (path: TreePath): void => {
    const own = pending.get(path);
    const names = (links.get(path) ?? []).filter((name) => name !== path && pending.get(name)?.entry.link === path);
    pending.delete(path);
    links.delete(path);
    const [first, ...others] = names.toSorted(compareTreePaths);
    if (own === undefined || first === undefined) return;
    pending.set(first, { ...own, entry: { ...own.entry, path: first } });
    links.set(first, others);
    for (const name of others) {
      const other = pending.get(name);
      if (other !== undefined) pending.set(name, { ...other, entry: { ...other.entry, link: first } });
    }
  };

  const draft: Draft = {
    lookup,
    readdir(path) {
      const names = new Map<TreePath, Entry>();
      if (!covered.some((hidden) => isWithin(path, hidden))) for (const entry of base.readdir(path)) names.set(entry.path, entry);
      for (const child of pending.keys()) {
        if (child === ROOT || parentOf(child) !== path) continue;
        const entry = lookup(child);
        if (entry !== undefined) names.set(child, entry);
      }
      return [...names.values()].toSorted((a, b) => compareTreePaths(a.path, b.path));
    },
    data(entry) {
      const own = pending.get(entry.path);
      if (own === undefined) return base.data(entry);
      if (own.data !== undefined) return own.data;
      const target = own.entry.kind === "hardlink" ? pending.get((own.entry.link ?? "") as TreePath)?.data : undefined;
      if (target === undefined) throw new InternalError(`no data for ${entry.path}`);
      return target;
    },
    digest: (entry) => base.digest(entry),
    linkGroup: (entry) => (pending.has(entry.path) ? undefined : base.linkGroup(entry)),

    put(entry, data) {
      const before = lookup(entry.path);
      if (before?.kind === "dir" && entry.kind !== "dir") {
        for (const path of pending.keys()) if (path !== entry.path && isWithin(path, entry.path)) remove(path);
        covered.push(entry.path);
      }
      remove(entry.path);
      if (entry.kind === "hardlink" && entry.link !== undefined) addLink(entry.link as TreePath, entry.path);
      const opaque = entry.kind === "dir" && covered.includes(entry.path);
      pending.set(entry.path, { entry: opaque ? { ...entry, opaque: true } : entry, data });
    },

    mkdirAll(path, make) {
      const made: TreePath[] = [];
      let at = ROOT;
      for (const name of path === "" ? [] : path.split("/")) {
        at = joinTreePath(at, name);
        if (lookup(at) !== undefined) continue;
        draft.put(make(at));
        made.push(at);
      }
      return made;
    },

    items() {
      const all = new Map(pending);
      for (const path of pending.keys()) {
        for (let parent = path; parent !== ROOT;) {
          parent = parentOf(parent);
          if (parent === ROOT || all.has(parent)) break;
          const entry = base.lookup(parent);
          if (entry?.kind !== "dir") throw new InternalError(`"${baseName(parent)}" is no directory, but something was put below it`);
          all.set(parent, { entry, data: undefined });
        }
      }
      return [...all.values()]
        .toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path))
        .map(({ entry, data }) => (data === undefined ? { entry } : { entry, data }));
    },
  };
  return draft;
}
