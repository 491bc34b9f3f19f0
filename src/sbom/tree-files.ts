/** Reading records out of a stranger's tree: links are followed inside it, sizes are bounded, and what is no file is simply not there. */
import { baseName, joinTreePath, parentOf, type TreePath } from "../paths.ts";
import { type Entry, readTreeFile, type Tree, followPath } from "../tree/index.ts";
import type { UnreadRecord } from "./types.ts";

/** A tree as readers of records need it. */
export interface TreeFiles {
  readonly tree: Tree;
  /** The bytes of a small file, through links; undefined where there is none, and over `maxBytes`, which goes to `unread`. */
  read(path: TreePath, maxBytes: number, unread: UnreadRecord[]): Promise<Buffer | undefined>;
  /** What is in a directory, through links; empty where there is none. */
  list(path: TreePath): readonly Entry[];
  /** What is at `path` when links in its directories are followed (merged /usr), the last part as it is. */
  locate(path: TreePath): Entry | undefined;
}

/** Wraps a tree; where directories lead is remembered. */
export function treeFiles(tree: Tree): TreeFiles {
  const directories = new Map<TreePath, TreePath | undefined>();
  const directoryOf = (path: TreePath): TreePath | undefined => {
    if (!directories.has(path)) directories.set(path, followPath(tree, path)?.path);
    return directories.get(path);
  };
  return {
    tree,
    async read(path, maxBytes, unread) {
      const found = followPath(tree, path);
      if (found?.entry?.kind !== "file") return undefined;
      if (found.entry.size <= maxBytes) return await readTreeFile(tree, found.path, maxBytes);
      unread.push({ path, why: `it has ${found.entry.size} bytes; at most ${maxBytes} are read` });
      return undefined;
    },
    list(path) {
      const directory = directoryOf(path);
      return directory === undefined ? [] : tree.readdir(directory);
    },
    locate(path) {
      const directory = directoryOf(parentOf(path));
      return directory === undefined ? undefined : tree.lookup(joinTreePath(directory, baseName(path)));
    },
  };
}
