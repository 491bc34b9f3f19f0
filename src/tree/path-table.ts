/**
 * Names of a file system in the making, packed: a node for each name, found by its folder and its name, with a few numbers of the caller's.
 * Paths share the names that they begin with: about 40 bytes a node and its own name, however long its path is.
 */
import { randomBytes } from "node:crypto";
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import { createGrowingBytes } from "./growing-bytes.ts";

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
  /** The node of a path, or undefined. */
  find(path: TreePath): number | undefined;
  /** The same; made where it is missing, with all above it. */
  make(path: TreePath): number;
  /** The deepest node on the way to a path. */
  closest(path: TreePath): number;
  parent(node: number): number;
  name(node: number): string;
  path(node: number): TreePath;
  hasChildren(node: number): boolean;
  /** The children in the order of their names' bytes. */
  children(node: number): Uint32Array;
  /** Takes all children away from a node; names made in it from now on are new ones. `visit` gets each node that goes. */
  empty(node: number, visit?: (node: number) => void): void;
  /** False for what was taken away from its folder. Nodes come after those above them. */
  isInPlace(node: number): boolean;
  /** The same for it and all above it. */
  isAttached(node: number): boolean;
  /** A number of the caller's: 0 at first. `column` counts from 0. */
  get(node: number, column: number): number;
  set(node: number, column: number, value: number): void;
}

/** Fields of a node, u32 each; the caller's columns follow. */
const FOLDER = 0;
const HASH = 1;
const NAME_AT = 2;
const NAME_LENGTH = 3;
/** The child of the same folder that was made before it. */
const NEXT = 4;
/** The folder that its children are in, or 0. */
const OWN = 5;
const FIRST = 6;
const FIELDS = 7;

const MAX_BYTES = 2 ** 31;
const FIRST_SLOTS = 64;
const SLASH = 47;

/** Makes a table with a root. */
export function createPathTable(columns: number): PathTable {
  const width = FIELDS + columns;
  const nodes = createGrowingBytes(MAX_BYTES);
  const names = createGrowingBytes(MAX_BYTES);
  /** Folder → the node whose children are in it. */
  const owners = createGrowingBytes(MAX_BYTES);
  let slots = new Uint32Array(FIRST_SLOTS);
  let count = 0;
  let last: { readonly path: TreePath; readonly node: number } = { path: ROOT, node: ROOT_NODE };

  const field = (node: number, index: number): number => nodes.u32[node * width + index] ?? 0;
  const setField = (node: number, index: number, value: number): void => {
    nodes.u32[node * width + index] = value;
  };
  const addNode = (): number => {
    nodes.reserve(width * 4);
    count += 1;
    return count - 1;
  };
  const addFolder = (owner: number): number => {
    const folder = owners.reserve(4) / 4;
    owners.u32[folder] = owner;
    return folder;
  };
  // No folder has the number 0.
  addFolder(addNode());
  setField(ROOT_NODE, OWN, addFolder(ROOT_NODE));

  const sameName = (node: number, text: string, start: number, end: number): boolean => {
    if (field(node, NAME_LENGTH) !== end - start) return false;
    const at = field(node, NAME_AT) - start;
    for (let index = start; index < end; index += 1) if (names.bytes[at + index] !== text.charCodeAt(index)) return false;
    return true;
  };
  /** Where the node is among the slots, or the free slot that it would have. */
  const slotOf = (folder: number, hash: number, text: string, start: number, end: number): number => {
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = slots[slot] ?? 0;
      if (node === 0 || (field(node, HASH) === hash && field(node, FOLDER) === folder && sameName(node, text, start, end))) return slot;
    }
  };
  const enlarge = (): void => {
    const before = slots;
    slots = new Uint32Array(before.length * 2);
    const mask = slots.length - 1;
    for (const node of before) {
      if (node === 0) continue;
      let slot = field(node, HASH) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
  };

  const child = (parent: number, text: string, start: number, end: number): number => {
    const folder = field(parent, OWN);
    return folder === 0 ? ROOT_NODE : (slots[slotOf(folder, hashOf(folder, text, start, end), text, start, end)] ?? 0);
  };
  const makeChild = (parent: number, text: string, start: number, end: number): number => {
    let folder = field(parent, OWN);
    if (folder === 0) setField(parent, OWN, (folder = addFolder(parent)));
    const hash = hashOf(folder, text, start, end);
    const slot = slotOf(folder, hash, text, start, end);
    const known = slots[slot] ?? 0;
    if (known !== 0) return known;
    const node = addNode();
    const nameAt = names.reserve(end - start);
    names.bytes.write(start === 0 && end === text.length ? text : text.slice(start, end), nameAt, "latin1");
    setField(node, FOLDER, folder);
    setField(node, HASH, hash);
    setField(node, NAME_AT, nameAt);
    setField(node, NAME_LENGTH, end - start);
    setField(node, NEXT, field(parent, FIRST));
    setField(parent, FIRST, node);
    slots[slot] = node;
    if (count * 2 > slots.length) enlarge();
    return node;
  };

  /** Goes down `path` as far as `step` gives nodes; walks stay in one folder for long. */
  const descend = (path: TreePath, step: typeof child): { readonly node: number; readonly isWhole: boolean } => {
    const isNear = last.path !== ROOT && path.charCodeAt(last.path.length) === SLASH && path.startsWith(last.path);
    const from = isNear ? last.path.length + 1 : 0;
    let node = isNear ? last.node : ROOT_NODE;
    let start = from;
    while (start < path.length) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      const next = step(node, path, start, end);
      if (next === ROOT_NODE) return { node, isWhole: false };
      if (slash < 0) {
        if (start > from) last = { path: path.slice(0, start - 1) as TreePath, node };
        return { node: next, isWhole: true };
      }
      node = next;
      start = end + 1;
    }
    return { node, isWhole: true };
  };

  const parent = (node: number): number => owners.u32[field(node, FOLDER)] ?? 0;
  const isInPlace = (node: number): boolean => field(parent(node), OWN) === field(node, FOLDER);
  const nameOf = (node: number): string => {
    const at = field(node, NAME_AT);
    return names.bytes.toString("latin1", at, at + field(node, NAME_LENGTH));
  };
  const compareNames = (a: number, b: number): number => {
    const [atA, atB] = [field(a, NAME_AT), field(b, NAME_AT)];
    return names.bytes.compare(names.bytes, atB, atB + field(b, NAME_LENGTH), atA, atA + field(a, NAME_LENGTH));
  };

  return {
    get count() {
      return count;
    },
    child,
    makeChild,
    find(path) {
      const { node, isWhole } = descend(path, child);
      return isWhole ? node : undefined;
    },
    make: (path) => descend(path, makeChild).node,
    closest: (path) => descend(path, child).node,
    parent,
    name: nameOf,
    path(node) {
      const parts: string[] = [];
      for (let at = node; at !== ROOT_NODE; at = parent(at)) parts.push(nameOf(at));
      return parts.toReversed().join("/") as TreePath;
    },
    hasChildren: (node) => field(node, FIRST) !== 0,
    children(node) {
      let size = 0;
      for (let at = field(node, FIRST); at !== 0; at = field(at, NEXT)) size += 1;
      const found = new Uint32Array(size);
      for (let at = field(node, FIRST); at !== 0; at = field(at, NEXT)) {
        size -= 1;
        found[size] = at;
      }
      // Most come in order.
      for (let index = 1; index < found.length; index += 1)
        if (compareNames(found[index - 1] ?? 0, found[index] ?? 0) > 0) return found.sort(compareNames);
      return found;
    },
    empty(node, visit) {
      if (field(node, OWN) === 0) return;
      if (visit !== undefined) {
        const open = [node];
        for (let top = open.pop(); top !== undefined; top = open.pop()) {
          for (let at = field(top, FIRST); at !== 0; at = field(at, NEXT)) {
            visit(at);
            if (field(at, FIRST) !== 0) open.push(at);
          }
        }
      }
      setField(node, FIRST, 0);
      setField(node, OWN, 0);
      last = { path: ROOT, node: ROOT_NODE };
    },
    isInPlace,
    isAttached(node) {
      for (let at = node; at !== ROOT_NODE; at = parent(at)) if (!isInPlace(at)) return false;
      return true;
    },
    get: (node, column) => field(node, FIELDS + column),
    set: (node, column, value) => setField(node, FIELDS + column, value),
  };
}

/** Of this process alone: who chooses the names of an archive must not choose where they collide. */
const [SEED = 0, FACTOR = 1] = new Uint32Array(Uint8Array.from(randomBytes(8)).buffer);

function hashOf(folder: number, text: string, start: number, end: number): number {
  let hash = folder ^ SEED;
  for (let index = start; index < end; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FACTOR | 1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
