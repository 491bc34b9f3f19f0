/**
 * Names of a file system in the making, packed: a node for each name, found by its folder and its name, with a few numbers of the caller's.
 * Paths share the names that they begin with: about 40 bytes a node and its own name, however long its path is.
 */
import type { TreePath } from "../paths.ts";
import { createGrowingBytes } from "./growing-bytes.ts";
import { createPathNodes, FIELDS, FIRST, FOLDER, HASH, NEXT, OWN } from "./path-nodes.ts";
import { createPathSlots, hashOf } from "./path-slots.ts";

/** The node of the root. No other node has it, so it also means "none". */
export const ROOT_NODE = 0;

/** A tree of names. Nodes are numbers; a node that was made stays valid, and keeps its path, also when its folder was emptied. */
export interface PathTable {
  /** Nodes that were made, the root included. */
  readonly count: number;
  /** The child whose name is `text` from `start` to `end`, or `ROOT_NODE`. */
  child(parent: number, text: string, start: number, end: number): number;
  /** The same; made where it is missing. */
  makeChild(parent: number, text: string, start: number, end: number): number;
  parent(node: number): number;
  name(node: number): string;
  path(node: number): TreePath;
  hasChildren(node: number): boolean;
  /** The children in the order of their names' bytes. */
  children(node: number): Uint32Array;
  /** Takes all children away from a node; names made in it from now on are new ones. */
  empty(node: number): void;
  /** False for what was taken away from its folder. Nodes come after those above them. */
  isInPlace(node: number): boolean;
  /** The same for it and all above it. */
  isAttached(node: number): boolean;
  /** A number of the caller's: 0 at first. `column` counts from 0. */
  get(node: number, column: number): number;
  set(node: number, column: number, value: number): void;
}

const MAX_BYTES = 2 ** 31;

/** Makes a table with a root. */
export function createPathTable(columns: number): PathTable {
  const nodes = createPathNodes(columns);
  const slots = createPathSlots(nodes);
  /** Folder → the node whose children are in it. A node that is emptied gets another folder. */
  const owners = createGrowingBytes(MAX_BYTES);

  const addFolder = (owner: number): number => {
    const folder = owners.reserve(4) / 4;
    owners.u32[folder] = owner;
    return folder;
  };
  // No folder has the number 0.
  addFolder(nodes.add());
  nodes.set(ROOT_NODE, OWN, addFolder(ROOT_NODE));

  const parent = (node: number): number => owners.u32[nodes.get(node, FOLDER)] ?? 0;
  const isInPlace = (node: number): boolean => nodes.get(parent(node), OWN) === nodes.get(node, FOLDER);
  return {
    get count() {
      return nodes.count;
    },
    child(from, text, start, end) {
      const folder = nodes.get(from, OWN);
      return folder === 0 ? ROOT_NODE : slots.find(folder, hashOf(folder, text, start, end), text, start, end);
    },
    makeChild(from, text, start, end) {
      let folder = nodes.get(from, OWN);
      if (folder === 0) nodes.set(from, OWN, (folder = addFolder(from)));
      const hash = hashOf(folder, text, start, end);
      const known = slots.find(folder, hash, text, start, end);
      if (known !== ROOT_NODE) return known;
      const node = nodes.addNamed(text, start, end);
      nodes.set(node, FOLDER, folder);
      nodes.set(node, HASH, hash);
      nodes.set(node, NEXT, nodes.get(from, FIRST));
      nodes.set(from, FIRST, node);
      slots.add(node);
      return node;
    },
    parent,
    name: (node) => nodes.name(node),
    path(node) {
      const parts: string[] = [];
      for (let at = node; at !== ROOT_NODE; at = parent(at)) parts.push(nodes.name(at));
      return parts.toReversed().join("/") as TreePath;
    },
    hasChildren: (node) => nodes.get(node, FIRST) !== 0,
    children(node) {
      let size = 0;
      for (let at = nodes.get(node, FIRST); at !== 0; at = nodes.get(at, NEXT)) size += 1;
      const found = new Uint32Array(size);
      for (let at = nodes.get(node, FIRST); at !== 0; at = nodes.get(at, NEXT)) {
        size -= 1;
        found[size] = at;
      }
      // Most come in order.
      for (let index = 1; index < found.length; index += 1)
        if (nodes.compareNames(found[index - 1] ?? 0, found[index] ?? 0) > 0) return found.sort((a, b) => nodes.compareNames(a, b));
      return found;
    },
    empty(node) {
      nodes.set(node, FIRST, 0);
      nodes.set(node, OWN, 0);
    },
    isInPlace,
    isAttached(node) {
      for (let at = node; at !== ROOT_NODE; at = parent(at)) if (!isInPlace(at)) return false;
      return true;
    },
    get: (node, column) => nodes.get(node, FIELDS + column),
    set: (node, column, value) => nodes.set(node, FIELDS + column, value),
  };
}
