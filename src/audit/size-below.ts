/** Sizes of directories of a walk. */
import { compareTreePaths, isWithin, type TreePath } from "../paths.ts";
import type { Entry } from "../tree/index.ts";

/** Gives the bytes of all files below a directory. `entries`: in `compareTreePaths` order. */
export function sizeFinder(entries: readonly Entry[]): (folder: TreePath) => number {
  return (folder) => {
    let sizeBytes = 0;
    for (let at = firstAfter(entries, folder); at < entries.length; at += 1) {
      const entry = entries[at];
      if (entry === undefined || !isWithin(entry.path, folder)) break;
      if (entry.kind === "file") sizeBytes += entry.size;
    }
    return sizeBytes;
  };
}

/** The position of the first entry that comes after `path`; what is below a directory stands right behind it. */
function firstAfter(entries: readonly Entry[], path: TreePath): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && compareTreePaths(entry.path, path) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
