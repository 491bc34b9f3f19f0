/** Values by path, that knows what is below a path: removing a directory costs what it holds, not what there is. */
import { baseName, joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";

/** A map whose keys are paths. */
interface PathMap<Value> {
  get(path: TreePath): Value | undefined;
  set(path: TreePath, value: Value): void;
  delete(path: TreePath): void;
  /** Deletes all that is below a path, and gives the values. */
  deleteBelow(path: TreePath): Value[];
  /** Names directly in a directory, those that only lead to something included. */
  names(directory: TreePath): Iterable<string>;
  /** Unordered. */
  entries(): Generator<[TreePath, Value], void, undefined>;
}

/** Makes an empty one. `undefined` is no value. */
export function createPathMap<Value extends object>(): PathMap<Value> {
  /** Directory → its names; a name without a value only leads to something below it. */
  const folders = new Map<TreePath, Map<string, Value | undefined>>();

  const folderAt = (path: TreePath): Map<string, Value | undefined> => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const made = new Map<string, Value | undefined>();
    folders.set(path, made);
    if (path === ROOT) return made;
    const above = folderAt(parentOf(path));
    if (!above.has(baseName(path))) above.set(baseName(path), undefined);
    return made;
  };

  return {
    get: (path) => folders.get(parentOf(path))?.get(baseName(path)),
    set: (path, value) => void folderAt(parentOf(path)).set(baseName(path), value),
    delete(path) {
      const names = folders.get(parentOf(path));
      if (folders.has(path)) names?.set(baseName(path), undefined);
      else names?.delete(baseName(path));
    },
    deleteBelow(path) {
      const values: Value[] = [];
      const open = [path];
      for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
        for (const [name, value] of folders.get(folder) ?? []) {
          if (value !== undefined) values.push(value);
          open.push(joinTreePath(folder, name));
        }
        folders.delete(folder);
      }
      return values;
    },
    names: (directory) => folders.get(directory)?.keys() ?? [],
    *entries() {
      for (const [folder, names] of folders)
        for (const [name, value] of names) if (value !== undefined) yield [joinTreePath(folder, name), value];
    },
  };
}
