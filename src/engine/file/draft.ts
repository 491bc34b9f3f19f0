/**
 * A tree being edited: pending entries over a base, seen as one Tree. Edits are data; `items` gives them as the entries of a layer. As in a
 * file system, names can share a file, and a directory in which a name comes or goes is as old as that.
 * Every path put here must be resolved already: no part of it is a symlink (the callers use `resolvePath` on the draft itself).
 */
import { InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import { baseName, compareTreePaths, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import { type DataSource, type Entry, type EntryTime, hasSameMetadata, hasSameTime, type LayerItem, type Tree } from "../../tree/index.ts";
import { createDraftNodes, type DraftNode } from "./draft-nodes.ts";

/** What can be changed of an entry that is there. */
type Change = Partial<Pick<Entry, "mode" | "uid" | "gid" | "mtimeSec" | "mtimeNsec" | "xattrs">>;

/** A tree that can be written to. */
export interface Draft extends Tree {
  /** The time of the edits. */
  readonly now: EntryTime;
  /** Sets the entry at its path. What is not a directory replaces a whole directory; a directory over another one keeps what is in it. */
  put(entry: Entry, data?: DataSource): void;
  /** Makes `path` another name of what is at `target`, which is no directory. */
  link(path: TreePath, target: TreePath): void;
  /** Changes what is at a path, under all its names. */
  change(path: TreePath, change: Change): void;
  /** All that was edited, with the directories above it, in layer order. */
  items(): AsyncGenerator<LayerItem, void, undefined>;
}

/** Starts an edit of `base`. `now`: the time of directories in which something changes. */
export function createDraft(base: Tree, now: EntryTime): Draft {
  const nodes = createDraftNodes(base, now);
  const lookup = (path: TreePath): Entry | undefined => {
    const own = nodes.get(path);
    return own === undefined ? nodes.inBase(path) : named(own.entry, path);
  };

  /** As BuildKit has it, what is as before is not written, and a directory of another time only with what changed in it (rules S123, S124). */
  const isUnchanged = (path: TreePath, { entry, names }: DraftNode): boolean => {
    const before = names > 1 || nodes.covered.has(path) ? undefined : nodes.inBase(path);
    if (before === undefined || !hasSameMetadata(before, entry)) return false;
    if (entry.kind === "dir") return true;
    return hasSameTime(before, entry) && (entry.kind !== "file" || (entry.digest !== undefined && entry.digest === before.digest));
  };

  return {
    now,
    lookup,
    readdir(path) {
      const names = new Map<TreePath, Entry>();
      if (!nodes.isHidden(path)) for (const entry of base.readdir(path)) names.set(entry.path, entry);
      for (const name of nodes.names(path)) {
        const entry = lookup(joinTreePath(path, name));
        if (entry !== undefined) names.set(entry.path, entry);
      }
      return [...names.values()].toSorted((a, b) => compareTreePaths(a.path, b.path));
    },
    data(entry) {
      const own = nodes.get(entry.path);
      if (own === undefined) return base.data(entry);
      if (own.source !== undefined) return base.data(own.source);
      if (own.data === undefined) throw new InternalError(`no data for ${entry.path}`);
      return own.data;
    },
    digest: (entry) => entry.digest ?? base.digest(entry),
    linkGroup: (entry) => (nodes.get(entry.path) === undefined ? base.linkGroup(entry) : undefined),

    put: (entry, data) => nodes.place(entry.path, { entry, data, names: 1 }),
    link(path, target) {
      const node = nodes.edit(target);
      node.names += 1;
      nodes.place(path, node);
    },
    change(path, change) {
      const node = nodes.edit(path);
      node.entry = { ...node.entry, ...change };
    },

    items() {
      const all = new Map([...nodes.entries()].filter(([path, node]) => !isUnchanged(path, node)));
      for (const path of all.keys()) {
        for (let parent = parentOf(path); parent !== ROOT && !all.has(parent); parent = parentOf(parent)) {
          const entry = lookup(parent);
          if (entry?.kind !== "dir") throw new InternalError(`"${baseName(parent)}" is no directory, but something was put below it`);
          all.set(parent, { entry, data: undefined, names: 1 });
        }
      }
      return itemsOf(all, base, nodes.covered);
    },
  };
}

/** In layer order; the first name of a file has its bytes, the others link to it. `opaque`: directories that hide those of the base. */
async function* itemsOf(
  nodes: ReadonlyMap<TreePath, DraftNode>,
  base: Tree,
  opaque: ReadonlySet<TreePath>,
): AsyncGenerator<LayerItem, void, undefined> {
  const firsts = new Map<DraftNode, TreePath>();
  for (const [path, node] of [...nodes].toSorted(([a], [b]) => compareTreePaths(a, b))) {
    const entry = named(node.entry, path);
    const first = firsts.get(node);
    if (first !== undefined) {
      const { digest: _digest, ...metadata } = entry;
      yield { entry: { ...metadata, kind: "hardlink", size: 0, link: first } };
      continue;
    }
    if (entry.kind !== "dir" && node.names > 1) firsts.set(node, path);
    const data = entry.kind === "file" && node.source !== undefined ? await base.data(node.source) : node.data;
    const isOpaque = entry.kind === "dir" && opaque.has(path);
    yield { entry: isOpaque ? { ...entry, opaque: true } : entry, ...given({ data }) };
  }
}

function named(entry: Entry, path: TreePath): Entry {
  return entry.path === path ? entry : { ...entry, path };
}
