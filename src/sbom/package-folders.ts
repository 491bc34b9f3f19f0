/** Packages that own a folder: which files are whose, told by one walk for all of them. */
import { compareTreePaths, parentOf, ROOT, type TreePath } from "../paths.ts";
import { type Tree, walk } from "../tree/index.ts";
import type { InventoryPackage } from "./types.ts";

/** A package with its folder, whose files are not among its own yet. */
export interface FolderPackage {
  readonly one: InventoryPackage;
  /** Absent: it has none, or the whole tree. */
  readonly folder?: TreePath;
}

/** The packages with the files of their folders. A file belongs to the innermost folder; of several packages with one folder the first has it. */
export function withFolderFiles(tree: Tree, packages: readonly FolderPackage[], signal?: AbortSignal): InventoryPackage[] {
  const owned = new Map<TreePath, TreePath[]>();
  const first = new Map<TreePath, InventoryPackage>();
  for (const { one, folder } of packages) {
    if (folder === undefined || folder === ROOT || first.has(folder)) continue;
    owned.set(folder, []);
    first.set(folder, one);
  }
  if (owned.size > 0)
    for (const entry of walk(tree, ROOT)) {
      signal?.throwIfAborted();
      if (entry.kind !== "dir") owned.get(innermost(entry.path, owned) ?? ROOT)?.push(entry.path);
    }
  return packages.map(({ one, folder }) => {
    if (folder === undefined || first.get(folder) !== one) return one;
    return { ...one, files: [...new Set([...one.files, ...(owned.get(folder) ?? [])])].toSorted(compareTreePaths) };
  });
}

function innermost(path: TreePath, folders: ReadonlyMap<TreePath, unknown>): TreePath | undefined {
  for (let folder = parentOf(path); folder !== ROOT; folder = parentOf(folder)) if (folders.has(folder)) return folder;
  return undefined;
}
