/** A tree that was walked once and answers from memory: checks look paths up by the ten thousand. */
import { ROOT, type TreePath } from "../paths.ts";
import type { Entry, Tree } from "../tree/index.ts";

/** The tree as it was when it was walked, and all its entries. */
interface WalkedTree {
  readonly tree: Tree;
  /** In `compareTreePaths` order, without the root. */
  readonly entries: readonly Entry[];
}

/** Walks `tree`. Contents still come from where they are. Throws what the tree throws. */
export function walkedTree(tree: Tree): WalkedTree {
  const entries: Entry[] = [];
  const byPath = new Map<TreePath, Entry>();
  const children = new Map<TreePath, readonly Entry[]>();
  const root = tree.lookup(ROOT);
  const list = (path: TreePath): Iterator<Entry> => {
    const found = tree.readdir(path);
    children.set(path, found);
    return found[Symbol.iterator]();
  };
  const open = [list(ROOT)];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const entry = next.value;
    entries.push(entry);
    byPath.set(entry.path, entry);
    if (entry.kind === "dir") open.push(list(entry.path));
  }
  return {
    entries,
    tree: {
      lookup: (path) => (path === ROOT ? root : byPath.get(path)),
      readdir: (path) => children.get(path) ?? [],
      data: (entry) => tree.data(entry),
      digest: (entry) => tree.digest(entry),
      linkGroup: (entry) => tree.linkGroup(entry),
    },
  };
}
