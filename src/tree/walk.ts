/** Going through a tree in `compareTreePaths` order. */
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import type { Entry, Tree } from "./types.ts";

/** The entry at `path` (but not the root's) and everything below it; symlinks are not followed. Nothing when there is no such path. */
export function* walk(tree: Tree, path: TreePath): Generator<Entry, void, undefined> {
  const start = tree.lookup(path);
  if (start === undefined) return;
  if (path !== ROOT) yield start;
  if (start.kind !== "dir") return;
  // One open directory a level, so that depth costs no call stack.
  const open = [tree.readdir(path)[Symbol.iterator]()];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    yield next.value;
    if (next.value.kind === "dir") open.push(tree.readdir(next.value.path)[Symbol.iterator]());
  }
}
