/**
 * Names of a file system in the making, packed: a node for each name, found by its folder and its name, with a few numbers of the caller's.
 * Paths share the names that they begin with: about 40 bytes a node and its own name, however long its path is.
 */
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import { createPathFolders, type PathFolders } from "./path-folders.ts";
import { ROOT_NODE } from "./path-nodes.ts";

/** Folders whose nodes have paths. A node keeps its path, also when its folder was emptied. */
export interface PathTable extends PathFolders {
  /** The node of a path, or undefined. */
  find(path: TreePath): number | undefined;
  /** The same; made where it is missing, with all above it. */
  make(path: TreePath): number;
  path(node: number): TreePath;
  /** Is it in its place, and all above it, too? */
  isAttached(node: number): boolean;
}

type Step = PathFolders["child"];

const SLASH = 47;
const AT_ROOT: { readonly path: TreePath; readonly node: number } = { path: ROOT, node: ROOT_NODE };

/** Makes a table with a root. */
export function createPathTable(columns: number): PathTable {
  const folders = createPathFolders(columns);
  const child: Step = (from, text, start, end) => folders.child(from, text, start, end);
  const makeChild: Step = (from, text, start, end) => folders.makeChild(from, text, start, end);
  const parent = (node: number): number => folders.parent(node);
  const name = (node: number): string => folders.name(node);
  const isInPlace = (node: number): boolean => folders.isInPlace(node);
  /** Walks stay in one folder for long. */
  let last = AT_ROOT;

  /** The node of `path`, from folder to folder, or undefined where `step` gives none. */
  const descend = (path: TreePath, step: Step): number | undefined => {
    const isNear = last.path !== ROOT && path.charCodeAt(last.path.length) === SLASH && path.startsWith(last.path);
    const from = isNear ? last.path.length + 1 : 0;
    let node = isNear ? last.node : ROOT_NODE;
    let start = from;
    while (start < path.length) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      const next = step(node, path, start, end);
      if (next === ROOT_NODE) return undefined;
      if (slash < 0 && start > from) last = { path: path.slice(0, start - 1) as TreePath, node };
      node = next;
      start = end + 1;
    }
    return node;
  };

  return {
    get count() {
      return folders.count;
    },
    child,
    makeChild,
    find: (path) => descend(path, child),
    make: (path) => descend(path, makeChild) ?? ROOT_NODE,
    parent,
    name,
    path(node) {
      const parts: string[] = [];
      for (let at = node; at !== ROOT_NODE; at = parent(at)) parts.push(name(at));
      return parts.toReversed().join("/") as TreePath;
    },
    hasChildren: (node) => folders.hasChildren(node),
    children: (node) => folders.children(node),
    empty(node, visit) {
      folders.empty(node, visit);
      last = AT_ROOT;
    },
    isInPlace,
    isAttached(node) {
      for (let at = node; at !== ROOT_NODE; at = parent(at)) if (!isInPlace(at)) return false;
      return true;
    },
    get: (node, column) => folders.get(node, column),
    set: (node, column, value) => folders.set(node, column, value),
  };
}
