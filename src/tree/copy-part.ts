/** A part of a tree as files: what bind mounts of the build context and new cache mounts are made of. */
import { InternalError } from "../errors.ts";
import { joinTreePath, ROOT, treePath, type TreePath } from "../paths.ts";
import type { Entry, Tree } from "./types.ts";
import { unpackTree } from "./unpack-tree.ts";

/** Writes what is at `path` to `folder`/`name`, with its owners. */
export async function copyPart(
  tree: Tree,
  path: TreePath,
  folder: string,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  await unpackTree(movedTree(tree, path, treePath(name)), folder, { keepOwners: true, signal });
}

/** `tree` with nothing but what is at `from`, which is at `to` (one name below the root) instead. */
function movedTree(tree: Tree, from: TreePath, to: TreePath): Tree {
  const inner = (path: TreePath): TreePath | undefined => {
    if (path === to) return from;
    return path.startsWith(`${to}/`) ? joinAll(from, path.slice(to.length + 1)) : undefined;
  };
  const outer = (entry: Entry): Entry => ({
    ...entry,
    path: entry.path === from ? to : joinAll(to, from === ROOT ? entry.path : entry.path.slice(from.length + 1)),
  });
  const original = (entry: Entry): Entry => {
    const path = inner(entry.path);
    if (path === undefined) throw new InternalError(`"${entry.path}" is not below "${to}"`);
    return { ...entry, path };
  };
  const lookup = (path: TreePath): Entry | undefined => {
    if (path === ROOT) return { path: ROOT, kind: "dir", mode: 0o700, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
    const at = inner(path);
    if (at === undefined) return undefined;
    // The root of an empty tree has no entry, and is a directory all the same.
    const entry = tree.lookup(at) ?? (at === ROOT ? emptyRoot() : undefined);
    return entry === undefined ? undefined : outer(entry);
  };
  return {
    lookup,
    readdir(path) {
      if (path === ROOT) return [lookup(to)].filter((entry) => entry !== undefined);
      const at = inner(path);
      return at === undefined ? [] : tree.readdir(at).map(outer);
    },
    data: (entry) => tree.data(original(entry)),
    digest: (entry) => tree.digest(original(entry)),
    linkGroup: (entry) => tree.linkGroup(original(entry)),
  };
}

function joinAll(parent: TreePath, rest: string): TreePath {
  return parent === ROOT ? joinTreePath(ROOT, rest) : joinTreePath(parent, rest);
}

function emptyRoot(): Entry {
  return { path: ROOT, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}
