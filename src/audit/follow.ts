/** Following links in a tree that may be a live directory. */
import { isDecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { type ResolvedPath, resolvePath, type Tree } from "../tree/index.ts";

/** Where a path leads; undefined for links that go round in circles, and for those of a directory of the host that cannot be read. */
export function followLive(tree: Tree, path: TreePath): ResolvedPath | undefined {
  try {
    return resolvePath(tree, path, { followLast: true });
  } catch (error) {
    if (isDecantError(error)) return undefined;
    throw error;
  }
}
