/** Resolving paths as a process confined to the tree would: symlinks are followed inside the root (rule S129). */
import type { TreePath } from "../paths.ts";
import { ROOT, joinTreePath, parentOf } from "../paths.ts";
import { isDecantError } from "../errors.ts";
import { pathEscape, symlinkLoop } from "./errors.ts";
import type { Entry, Tree } from "./types.ts";

/** As many as Linux follows in one path. */
const MAX_SYMLINKS = 40;

/** Where a path leads, and what is there; no entry when it, or a directory on the way, does not exist. */
export interface ResolvedPath {
  readonly path: TreePath;
  readonly entry: Entry | undefined;
}

/** How links are followed. */
interface ResolveOptions {
  /** Also the last part of the path. */
  readonly followLast: boolean;
  /** ".." of a link target above the root. Default "stop" there; "refuse" throws `PATH_ESCAPE`, unless an absolute link was followed before. */
  readonly escape?: "stop" | "refuse" | undefined;
}

/**
 * Follows symlinks in all parts of `path`, in the last one only with `followLast`. Parts below what does not exist are taken as they are.
 * Throws `NOT_FOUND` for links that go round in circles.
 */
export function resolvePath(tree: Pick<Tree, "lookup">, path: TreePath, options: ResolveOptions): ResolvedPath {
  const rest = path === ROOT ? [] : path.split("/").reverse();
  let current = ROOT;
  let entry = tree.lookup(ROOT);
  let links = 0;
  let mayEscape = options.escape !== "refuse";
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (current === ROOT && !mayEscape) throw pathEscape(path);
      current = parentOf(current);
      entry = tree.lookup(current);
      continue;
    }
    const next = joinTreePath(current, part);
    const found = entry?.kind === "dir" || current === ROOT ? tree.lookup(next) : undefined;
    if (found?.kind === "symlink" && found.link !== undefined && (rest.length > 0 || options.followLast)) {
      links += 1;
      if (links > MAX_SYMLINKS) throw symlinkLoop(path);
      if (found.link.startsWith("/")) {
        current = ROOT;
        mayEscape = true;
      }
      entry = tree.lookup(current);
      rest.push(...found.link.split("/").reverse());
      continue;
    }
    current = next;
    entry = found;
  }
  return { path: current, entry };
}

/** Where a path leads when its last link is followed too; undefined for links that go round in circles, which lead nowhere. */
export function followPath(tree: Pick<Tree, "lookup">, path: TreePath): ResolvedPath | undefined {
  try {
    return resolvePath(tree, path, { followLast: true });
  } catch (error) {
    if (isDecantError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
