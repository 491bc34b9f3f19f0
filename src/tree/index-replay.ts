/**
 * The records of an archive one after the other, as unpacking them would have it: the last entry of a name wins and takes with it what was
 * below the one before; entries below a symlink of the same archive go to where it leads; a hard link shares its file, and the last
 * header of either sets the metadata of both. Whiteouts and opaque marks are about lower layers, wherever in the archive they stand (image-spec
 * layer.md), and those of one name with a directory make it opaque.
 */
import type { TreePath } from "../paths.ts";
import { compareTreePaths, joinTreePath, ROOT } from "../paths.ts";
import { tarError } from "./errors.ts";
import type { RawRecords } from "./index-format.ts";
import { FLAG, KIND_CODE } from "./index-format.ts";
import {
  MAX_LINKS,
  addFlag,
  attributesOf,
  copyMetadata,
  kindOf,
  linkOf,
  linkedAttributes,
  makeLink,
  makeOpaqueDirectory,
  pathOf,
  setAttributes,
  setLink,
  timeOf,
} from "./index-records.ts";
import { archivePath } from "./tar-path.ts";

/** What the records came to. */
interface Replayed {
  /** Record numbers in path order. */
  readonly order: Uint32Array;
  /** Some hard link is to a file of a lower layer. */
  readonly hasOutsideLinks: boolean;
}

/** What hard links share. */
interface Inode {
  readonly kind: number;
  /** The record with its content. */
  readonly data: number;
  /** The record whose mode, owner and time count. */
  metadata: number;
  /** Where the extended attributes are in the heap. */
  attributes: number;
  /** Of a hard link to what was not there yet: its target, without symlinks. */
  readonly target?: TreePath;
}

const NONE = -1;

/** A name. Without inode and marks: a directory that only what is below it implies. */
interface Node {
  inode: Inode | undefined;
  /** Records of marks, or `NONE`. */
  whiteout: number;
  opaque: number;
  children: Map<string, Node> | undefined;
}

/** Replays all records. Throws `TAR` for entries that contradict each other. */
export function replayRecords(raw: RawRecords): Replayed {
  const root = createNode();
  const walk = createWalk(raw, root);
  const { count } = raw;
  for (let record = 0; record < count; record += 1) replay(raw, record, walk);
  return emit(raw, root, walk);
}

function createNode(): Node {
  return { inode: undefined, whiteout: NONE, opaque: NONE, children: undefined };
}

/** A place that a path leads to; no node: nothing is there. */
interface Place {
  readonly node: Node | undefined;
  readonly path: TreePath;
}

interface Walk {
  /** The directory at a path, symlinks followed; made where it is missing. */
  directory(path: TreePath): Node;
  /** What is at a path, symlinks but the last one followed. */
  find(path: TreePath): Place;
  /** Names of what is remembered may mean something else now. */
  forget(): void;
}

function createWalk(raw: RawRecords, root: Node): Walk {
  let known: { readonly path: TreePath; readonly node: Node } | undefined;

  /** `make`: missing parts come into being, and the last symlink is followed. */
  const follow = (path: TreePath, make: boolean): Place => {
    const names: string[] = [];
    const nodes: (Node | undefined)[] = [root];
    const rest = path.split("/").reverse();
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (names.pop() !== undefined) nodes.pop();
        continue;
      }
      const parent = nodes.at(-1);
      const node = make && parent !== undefined ? childOf(parent, part) : parent?.children?.get(part);
      const kind = node?.inode?.kind;
      const isLast = !make && rest.length === 0;
      if (kind === KIND_CODE.symlink && node?.inode !== undefined && !isLast) {
        links += 1;
        if (links > MAX_LINKS) throw tarError("its symlinks lead round in circles", path);
        const target = linkOf(raw, node.inode.data);
        if (target.startsWith("/")) {
          nodes.length = 1;
          names.length = 0;
        }
        rest.push(...target.split("/").reverse());
        continue;
      }
      if (kind !== undefined && kind !== KIND_CODE.dir && !isLast) throw tarError("the entry above it is not a directory", path);
      names.push(part);
      nodes.push(node);
    }
    return { node: nodes.at(-1), path: names.join("/") as TreePath };
  };

  return {
    directory(path) {
      if (known?.path === path) return known.node;
      const { node } = follow(path, true);
      known = { path, node: node ?? root };
      return known.node;
    },
    find: (path) => follow(path, false),
    forget() {
      known = undefined;
    },
  };
}

function childOf(parent: Node, name: string): Node {
  parent.children ??= new Map();
  const known = parent.children.get(name);
  if (known !== undefined) return known;
  const made = createNode();
  parent.children.set(name, made);
  return made;
}

function replay(raw: RawRecords, record: number, walk: Walk): void {
  const path = pathOf(raw, record) as TreePath;
  const kind = kindOf(raw, record);
  if (kind === KIND_CODE.opaque) {
    walk.directory(path).opaque = record;
    return;
  }
  const slash = path.lastIndexOf("/");
  const parent = walk.directory(slash < 0 ? ROOT : (path.slice(0, slash) as TreePath));
  const node = path === ROOT ? parent : childOf(parent, path.slice(slash + 1));
  if (kind === KIND_CODE.whiteout) node.whiteout = record;
  else put(node, kind === KIND_CODE.hardlink ? linkedInode(raw, record, path, walk) : inodeOf(raw, record, kind), walk);
}

function inodeOf(raw: RawRecords, record: number, kind: number): Inode {
  return { kind, data: record, metadata: record, attributes: attributesOf(raw, record) };
}

function put(node: Node, inode: Inode, walk: Walk): void {
  const isNew = node.inode === undefined && node.children === undefined && node.opaque < 0;
  const isDirectory = inode.kind === KIND_CODE.dir;
  // What a path leads to is another thing only where something takes the place of a directory or a symlink.
  if (!isNew && !(isDirectory && node.inode?.kind === KIND_CODE.dir)) walk.forget();
  if (!isDirectory) node.children = undefined;
  node.inode = inode;
}

/** What the target of a hard link shares from now on. */
function linkedInode(raw: RawRecords, record: number, path: TreePath, walk: Walk): Inode {
  const link = linkOf(raw, record) as TreePath;
  if (link === path) throw tarError("a hard link to itself", path);
  const target = walk.find(link);
  const inode = target.node?.inode;
  if (inode === undefined) return { ...inodeOf(raw, record, KIND_CODE.hardlink), target: target.path };
  if (inode.kind === KIND_CODE.dir) throw tarError("a hard link to what is not a file", path);
  inode.metadata = record;
  inode.attributes = linkedAttributes(raw, inode.attributes, attributesOf(raw, record));
  return inode;
}

/** The inode of a hard link that came before its target; the link's own where this archive has none. */
function lateInode(link: Inode, path: TreePath, walk: Walk): Inode {
  let inode = link;
  for (let hops = 0; inode.target !== undefined; hops += 1) {
    const next = walk.find(inode.target).node?.inode;
    if (next === undefined) return inode;
    if (next.kind === KIND_CODE.dir) throw tarError("a hard link to what is not a file", path);
    if (next === link || hops >= MAX_LINKS) throw tarError("a hard link to itself", path);
    inode = next;
  }
  return inode;
}

/** The time of the youngest entry below a name, in seconds; undefined where there are only marks. */
function newestBelow(raw: RawRecords, { children }: Node): number | undefined {
  let newest: number | undefined;
  for (const child of children?.values() ?? []) {
    const own = child.inode === undefined ? undefined : timeOf(raw, child.inode.metadata);
    for (const time of [own, newestBelow(raw, child)]) if (time !== undefined && (newest === undefined || time > newest)) newest = time;
  }
  return newest;
}

/** The records of what is left, in order. */
function emit(raw: RawRecords, root: Node, walk: Walk): Replayed {
  const order: number[] = [];
  const firsts = new Map<Inode, { readonly record: number; readonly path: TreePath }>();
  let hasOutsideLinks = false;

  const named = (record: number, path: TreePath): number => (pathOf(raw, record) === path ? record : raw.copy(record, path));

  const recordOf = (found: Inode, path: TreePath): number => {
    const inode = lateInode(found, path, walk);
    const first = firsts.get(inode);
    const record = first === undefined ? named(inode.data, path) : raw.copy(inode.data, path);
    copyMetadata(raw, inode.metadata, record);
    setAttributes(raw, record, inode.attributes);
    if (inode.target !== undefined) {
      hasOutsideLinks = true;
      setLink(raw, record, inode.target);
    } else if (first !== undefined) {
      makeLink(raw, record, first.path);
      addFlag(raw, first.record, FLAG.linked);
    } else if (inode.kind !== KIND_CODE.dir) firsts.set(inode, { record, path });
    return record;
  };

  const addNode = (node: Node, path: TreePath): void => {
    // Symlinks can lead to paths that no file system holds.
    if (path !== ROOT) archivePath(path);
    const { inode, whiteout, opaque, children } = node;
    if (inode !== undefined) {
      const record = recordOf(inode, path);
      if (inode.kind === KIND_CODE.dir && (whiteout >= 0 || opaque >= 0)) addFlag(raw, record, FLAG.opaque);
      order.push(record);
    } else if (whiteout >= 0) {
      const newest = newestBelow(raw, node);
      const record = named(whiteout, path);
      order.push(record);
      // Only removals below: all of it is removed.
      if (newest === undefined) return;
      makeOpaqueDirectory(raw, record, newest);
    } else if (opaque >= 0) order.push(named(opaque, path));
    const sorted = children === undefined ? [] : [...children].sort(([a], [b]) => compareTreePaths(a, b));
    for (const [name, child] of sorted) addNode(child, joinTreePath(path, name));
  };

  addNode(root, ROOT);
  return { order: Uint32Array.from(order), hasOutsideLinks };
}
