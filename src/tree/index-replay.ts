/**
 * The records of an archive one after the other, as unpacking them would have it: the last entry of a name wins and takes with it what was
 * below the one before; entries below a symlink of the same archive go to where it leads; a hard link shares its file, and the last
 * header of either sets the metadata of both. Whiteouts and opaque marks are about lower layers, wherever in the archive they stand (image-spec
 * layer.md), and those of one name with a directory make it opaque.
 *
 * What hard links share is the record that has the content: the names that lead to it say its number. Another record with its metadata, or
 * attributes, is written over it at once.
 */
import type { TreePath } from "../paths.ts";
import { joinTreePath, ROOT } from "../paths.ts";
import { tarError } from "./errors.ts";
import type { RawRecords } from "./index-format.ts";
import { FLAG, KIND_CODE } from "./index-format.ts";
import {
  MAX_LINKS,
  addFlag,
  attributesOf,
  copyMetadata,
  flagsOf,
  kindOf,
  linkOf,
  linkedAttributes,
  makeLink,
  makeOpaqueDirectory,
  pathOf,
  setAttributes,
  setKind,
  setLink,
  timeOf,
} from "./index-records.ts";
import { createReplayWalk, type ReplayWalk } from "./replay-walk.ts";
import { ROOT_NODE } from "./path-nodes.ts";
import { createPathTable, type PathTable } from "./path-table.ts";
import { archivePath } from "./tar-path.ts";

/** What the records came to. */
interface Replayed {
  /** Record numbers in path order. */
  readonly order: Uint32Array;
  /** Some hard link is to a file of a lower layer. */
  readonly hasOutsideLinks: boolean;
}

/** Columns of a name: a record and 1, or 0. Without any: a directory that only what is below it implies. */
const INODE = 0;
const WHITEOUT = 1;
const OPAQUE = 2;
const COLUMNS = 3;

/** Of a record that several names lead to; gone when the records are in their order. */
const SHARED = 0x80;

interface Replay {
  readonly raw: RawRecords;
  readonly table: PathTable;
  readonly walk: ReplayWalk;
}

/** Replays all records. Throws `TAR` for entries that contradict each other, and `LIMIT` for too much to follow. */
export function replayRecords(raw: RawRecords): Replayed {
  const table = createPathTable(COLUMNS);
  const replay: Replay = { raw, table, walk: createReplayWalk(raw, table) };
  const { count } = raw;
  for (let record = 0; record < count; record += 1) replayRecord(replay, record);
  return emit(replay);
}

function replayRecord(replay: Replay, record: number): void {
  const { raw, table, walk } = replay;
  const path = pathOf(raw, record) as TreePath;
  const kind = kindOf(raw, record);
  if (kind === KIND_CODE.opaque) {
    table.set(walk.directory(path), OPAQUE, record + 1);
    return;
  }
  const slash = path.lastIndexOf("/");
  const parent = walk.directory(slash < 0 ? ROOT : (path.slice(0, slash) as TreePath));
  const node = path === ROOT ? parent : table.makeChild(parent, path, slash + 1, path.length);
  if (kind === KIND_CODE.whiteout) table.set(node, WHITEOUT, record + 1);
  else put(replay, node, kind === KIND_CODE.hardlink ? linked(replay, record, path) : record);
}

function put({ raw, table, walk }: Replay, node: number, record: number): void {
  const before = table.get(node, INODE) - 1;
  const isNew = before < 0 && !table.hasChildren(node) && table.get(node, OPAQUE) === 0;
  const isDirectory = kindOf(raw, record) === KIND_CODE.dir;
  // What a path leads to is another thing only where something takes the place of a directory or a symlink.
  if (!isNew && !(isDirectory && before >= 0 && kindOf(raw, before) === KIND_CODE.dir)) walk.forget();
  if (!isDirectory) table.empty(node);
  table.set(node, INODE, record + 1);
}

/** The record that a hard link shares from now on: its own, with the target without symlinks, where there is none yet. */
function linked({ raw, table, walk }: Replay, record: number, path: TreePath): number {
  const link = linkOf(raw, record) as TreePath;
  if (link === path) throw tarError("a hard link to itself", path);
  const target = walk.find(link);
  const shared = target.node === undefined ? -1 : table.get(target.node, INODE) - 1;
  if (shared < 0) {
    setLink(raw, record, target.path());
    return record;
  }
  if (kindOf(raw, shared) === KIND_CODE.dir) throw tarError("a hard link to what is not a file", path);
  copyMetadata(raw, record, shared);
  setAttributes(raw, shared, linkedAttributes(raw, attributesOf(raw, shared), attributesOf(raw, record)));
  addFlag(raw, shared, SHARED);
  return shared;
}

/** What a hard link that came before its target leads to: the last of a chain of them where this archive has no more. */
function lateTarget({ raw, table, walk }: Replay, link: number, path: TreePath): number {
  let record = link;
  for (let hops = 0; kindOf(raw, record) === KIND_CODE.hardlink; hops += 1) {
    const { node } = walk.find(linkOf(raw, record) as TreePath);
    const next = node === undefined ? -1 : table.get(node, INODE) - 1;
    if (next < 0) return record;
    if (kindOf(raw, next) === KIND_CODE.dir) throw tarError("a hard link to what is not a file", path);
    if (next === link || hops >= MAX_LINKS) throw tarError("a hard link to itself", path);
    record = next;
  }
  return record;
}

function resolveLateLinks(replay: Replay): void {
  const { raw, table } = replay;
  for (let node = ROOT_NODE; node < table.count; node += 1) {
    const record = table.get(node, INODE) - 1;
    if (record < 0 || kindOf(raw, record) !== KIND_CODE.hardlink || !table.isAttached(node)) continue;
    const target = lateTarget(replay, record, table.path(node));
    if (target === record) continue;
    table.set(node, INODE, target + 1);
    addFlag(raw, target, SHARED);
  }
}

/** By node: the time of the youngest entry below, in seconds; NaN where there are only marks. */
function newestBelow({ raw, table }: Replay): Float64Array {
  const newest = new Float64Array(table.count).fill(Number.NaN);
  const take = (node: number, time: number): void => {
    if (!Number.isNaN(time) && !((newest[node] ?? Number.NaN) >= time)) newest[node] = time;
  };
  // Nodes come after those above them.
  for (let node = table.count - 1; node > ROOT_NODE; node -= 1) {
    if (!table.isInPlace(node)) continue;
    const record = table.get(node, INODE) - 1;
    const parent = table.parent(node);
    if (record >= 0) take(parent, timeOf(raw, record));
    take(parent, newest[node] ?? Number.NaN);
  }
  return newest;
}

/** The records of what is left, in order. */
function emit(replay: Replay): Replayed {
  const { raw, table } = replay;
  resolveLateLinks(replay);
  let order = new Uint32Array(raw.count);
  let count = 0;
  const firsts = new Map<number, { readonly record: number; readonly path: TreePath }>();
  let hasOutsideLinks = false;
  let newest: Float64Array | undefined;

  const push = (record: number): void => {
    if (count === order.length) {
      const larger = new Uint32Array(order.length * 2 + 16);
      larger.set(order);
      order = larger;
    }
    order[count] = record;
    count += 1;
  };
  const named = (record: number, path: TreePath): number => (pathOf(raw, record) === path ? record : raw.copy(record, path));

  const recordOf = (inode: number, path: TreePath): number => {
    const first = firsts.get(inode);
    const record = first === undefined ? named(inode, path) : raw.copy(inode, path);
    const kind = kindOf(raw, inode);
    if (kind === KIND_CODE.hardlink) hasOutsideLinks = true;
    else if (first !== undefined) {
      makeLink(raw, record, first.path);
      addFlag(raw, first.record, FLAG.linked);
    } else if (kind !== KIND_CODE.dir && (flagsOf(raw, inode) & SHARED) !== 0) firsts.set(inode, { record, path });
    return record;
  };

  /** False when all below is removed with it. */
  const emitNode = (node: number, path: TreePath): boolean => {
    // Symlinks can lead to paths that no file system holds.
    if (path !== ROOT) archivePath(path);
    const [inode, whiteout, opaque] = [table.get(node, INODE) - 1, table.get(node, WHITEOUT) - 1, table.get(node, OPAQUE) - 1];
    if (inode >= 0) {
      const record = recordOf(inode, path);
      if (kindOf(raw, inode) === KIND_CODE.dir && (whiteout >= 0 || opaque >= 0)) addFlag(raw, record, FLAG.opaque);
      push(record);
    } else if (whiteout >= 0) {
      const time = table.hasChildren(node) ? (newest ??= newestBelow(replay))[node] : undefined;
      const record = named(whiteout, path);
      push(record);
      // Only removals below: all of it is removed.
      if (time === undefined || Number.isNaN(time)) return false;
      makeOpaqueDirectory(raw, record, time);
    } else if (opaque >= 0) push(named(opaque, path));
    return true;
  };

  // Depth costs no call stack.
  const open: { readonly node: number; readonly path: TreePath; readonly children: Uint32Array; next: number }[] = [];
  const enter = (node: number, path: TreePath): void => {
    if (emitNode(node, path) && table.hasChildren(node)) open.push({ node, path, children: table.children(node), next: 0 });
  };
  enter(ROOT_NODE, ROOT);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const child = top.children[top.next];
    top.next += 1;
    if (child === undefined) open.pop();
    else enter(child, joinTreePath(top.path, table.name(child)));
  }
  order = order.subarray(0, count);
  for (const record of order) setKind(raw, record, kindOf(raw, record), flagsOf(raw, record) & ~SHARED);
  return { order, hasOutsideLinks };
}
