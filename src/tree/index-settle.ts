/**
 * Brings the records of a layer into one order without contradictions, with the result that unpacking the entries one by one would have:
 * the last entry of a name wins; a whiteout and a directory of one name make an opaque directory (image-spec: whiteouts apply to
 * lower layers only); entries below a symlink of the same layer go to where it leads; what a later file replaced is gone; hard links lead
 * to a file that is still there.
 */
import type { TreePath } from "../paths.ts";
import { cleanTreePath, compareTreePaths, parentOf } from "../paths.ts";
import { pathEscape, tarError } from "./errors.ts";
import type { RawRecords } from "./index-format.ts";
import { F64, FLAG, KIND_CODE, NO_XATTRS, RECORD_F64, RECORD_U32, U32, comparePathBytes } from "./index-format.ts";

/** Record numbers in path order; absent when all records are in order as they came. */
export interface Settled {
  readonly order: Uint32Array | undefined;
  readonly regular: boolean;
}

/** As many symlinks as Linux follows in one path. */
const MAX_SYMLINKS = 40;

/** Settles all records. Throws `TAR`, `PATH_ESCAPE`. */
export function settleRecords(raw: RawRecords): Settled {
  let order = sortRecords(raw);
  let regular = true;
  let all = order;
  let settled = resolveNames(raw, order ?? identity(raw.count));
  for (let round = 0; settled.moved; round += 1) {
    if (round >= MAX_SYMLINKS) throw tarError("its symlinks lead round in circles");
    regular = false;
    order = sortRecords(raw, settled.kept) ?? settled.kept;
    all = order;
    settled = resolveNames(raw, order);
  }
  const changed = settled.kept.length !== (order?.length ?? raw.count);
  const copied = resolveHardlinks(raw, settled.kept, all);
  return { order: order === undefined && !changed ? undefined : settled.kept, regular: regular && !changed && !copied };
}

const field = (raw: RawRecords, record: number, index: number): number => raw.u32[record * RECORD_U32 + index] ?? 0;
const kindOf = (raw: RawRecords, record: number): number => field(raw, record, U32.kindFlags) & 0xff;
const pathOf = (raw: RawRecords, record: number): string => {
  const at = field(raw, record, U32.pathAt);
  return raw.heap.toString("latin1", at, at + field(raw, record, U32.pathLength));
};
const linkOf = (raw: RawRecords, record: number): string => {
  const at = field(raw, record, U32.linkAt);
  return raw.heap.toString("latin1", at, at + field(raw, record, U32.linkLength));
};
const comparePaths = (raw: RawRecords, a: number, b: number): number =>
  comparePathBytes(
    raw.heap,
    field(raw, a, U32.pathAt),
    field(raw, a, U32.pathLength),
    field(raw, b, U32.pathAt),
    field(raw, b, U32.pathLength),
  );

function setKind(raw: RawRecords, record: number, kind: number, flags: number): void {
  raw.u32[record * RECORD_U32 + U32.kindFlags] = kind | (flags << 8);
}

function identity(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, record) => record);
}

/** By path, then by age; undefined when that is how they came. */
function sortRecords(raw: RawRecords, records?: Uint32Array): Uint32Array | undefined {
  let sorted = true;
  const count = records?.length ?? raw.count;
  for (let at = 1; at < count && sorted; at += 1) {
    sorted = comparePaths(raw, records?.[at - 1] ?? at - 1, records?.[at] ?? at) < 0;
  }
  if (sorted) return undefined;
  const order = records === undefined ? identity(count) : Uint32Array.from(records);
  return order.sort((a, b) => comparePaths(raw, a, b) || a - b);
}

interface Names {
  readonly kept: Uint32Array;
  /** Some records got another path: sort and look again. */
  readonly moved: boolean;
}

/** One record for each name, and nothing below what is not a directory. */
function resolveNames(raw: RawRecords, order: Uint32Array): Names {
  const unique = new Uint32Array(order.length);
  let uniqueCount = 0;
  for (let at = 0; at < order.length;) {
    let end = at + 1;
    while (end < order.length && comparePaths(raw, order[at] ?? 0, order[end] ?? 0) === 0) end += 1;
    unique[uniqueCount] = end === at + 1 ? (order[at] ?? 0) : mergeNames(raw, order.subarray(at, end));
    uniqueCount += 1;
    at = end;
  }
  return resolveBelowLeaves(raw, unique.subarray(0, uniqueCount));
}

/** Several records of one name, oldest first → the one that stays. */
function mergeNames(raw: RawRecords, group: Uint32Array): number {
  let real = -1;
  let whiteout = -1;
  let opaque = -1;
  for (const record of group) {
    const kind = kindOf(raw, record);
    if (kind === KIND_CODE.whiteout) whiteout = record;
    else if (kind === KIND_CODE.opaque) opaque = record;
    else real = record;
    if (kind === KIND_CODE.dir && ((field(raw, record, U32.kindFlags) >>> 8) & FLAG.opaque) !== 0) opaque = record;
  }
  if (real < 0) return whiteout >= 0 ? whiteout : opaque;
  if (kindOf(raw, real) === KIND_CODE.dir && (whiteout >= 0 || opaque >= 0)) setKind(raw, real, KIND_CODE.dir, FLAG.opaque);
  return real;
}

function resolveBelowLeaves(raw: RawRecords, unique: Uint32Array): Names {
  const kept = new Uint32Array(unique.length);
  let keptCount = 0;
  let moved = false;
  for (let at = 0; at < unique.length;) {
    const record = unique[at] ?? 0;
    kept[keptCount] = record;
    keptCount += 1;
    at += 1;
    const kind = kindOf(raw, record);
    if (kind === KIND_CODE.dir || kind === KIND_CODE.opaque) continue;
    let end = at;
    while (end < unique.length && isBelow(raw, record, unique[end] ?? 0)) end += 1;
    if (end === at) continue;
    const below = unique.subarray(at, end);
    at = end;
    if (kind === KIND_CODE.whiteout) {
      const added = below.filter((child) => kindOf(raw, child) !== KIND_CODE.whiteout && kindOf(raw, child) !== KIND_CODE.opaque);
      if (added.length === 0) continue;
      makeOpaqueDirectory(raw, record);
      kept.set(below, keptCount);
      keptCount += below.length;
      continue;
    }
    for (const child of below) {
      // What came before was there when the leaf replaced its directory, and went with it.
      if (child < record) continue;
      if (kind !== KIND_CODE.symlink) throw tarError("the entry above it is not a directory", pathOf(raw, child));
      kept[keptCount] = raw.copy(child, throughSymlink(pathOf(raw, record), linkOf(raw, record), pathOf(raw, child)));
      keptCount += 1;
      moved = true;
    }
  }
  return { kept: kept.subarray(0, keptCount), moved };
}

function isBelow(raw: RawRecords, parent: number, child: number): boolean {
  const length = field(raw, parent, U32.pathLength);
  if (length === 0) return true;
  const childAt = field(raw, child, U32.pathAt);
  if (field(raw, child, U32.pathLength) <= length || raw.heap[childAt + length] !== 47) return false;
  return comparePathBytes(raw.heap, field(raw, parent, U32.pathAt), length, childAt, length) === 0;
}

/** Where `path`, below the symlink `link` → `target`, really is; clamped to the root as a container sees it. */
function throughSymlink(link: string, target: string, path: string): string {
  const start = target.startsWith("/") ? "" : parentOf(link as TreePath);
  const moved = cleanTreePath(`${start}/${target}${path.slice(link.length)}`);
  if (moved === "") throw pathEscape(path);
  return moved;
}

function makeOpaqueDirectory(raw: RawRecords, record: number): void {
  setKind(raw, record, KIND_CODE.dir, FLAG.opaque);
  const base = record * RECORD_U32;
  raw.u32[base + U32.mode] = 0o755;
  raw.u32[base + U32.uid] = 0;
  raw.u32[base + U32.gid] = 0;
  raw.u32[base + U32.mtimeNsec] = 0;
  raw.u32[base + U32.xattrsAt] = NO_XATTRS;
  raw.f64[record * RECORD_F64 + F64.mtimeSec] = 0;
}

/** Marks the files that links name, and copies what a link kept alive. True when it copied. */
function resolveHardlinks(raw: RawRecords, kept: Uint32Array, all: Uint32Array | undefined): boolean {
  let copied = false;
  for (let at = 0; at < kept.length; at += 1) {
    const record = kept[at] ?? 0;
    if (kindOf(raw, record) !== KIND_CODE.hardlink) continue;
    let target = record;
    for (let hops = 0; kindOf(raw, target) === KIND_CODE.hardlink; hops += 1) {
      const link = linkOf(raw, target);
      if (hops >= MAX_SYMLINKS || link === pathOf(raw, record)) throw tarError("a hard link to itself", pathOf(raw, record));
      const next = findVersion(raw, kept, all, link, target);
      // Its first name is in a layer below.
      if (next < 0) break;
      target = next;
    }
    const kind = kindOf(raw, target);
    if (kind === KIND_CODE.hardlink) {
      if (target !== record) copyLink(raw, record, linkOf(raw, target));
      continue;
    }
    if (kind === KIND_CODE.dir || kind === KIND_CODE.whiteout || kind === KIND_CODE.opaque) {
      throw tarError("a hard link to what is not a file", pathOf(raw, record));
    }
    if (kind === KIND_CODE.file && kept[findRecord(raw, kept, pathOf(raw, target))] === target) {
      copyLink(raw, record, pathOf(raw, target));
      setKind(raw, target, kind, (field(raw, target, U32.kindFlags) >>> 8) | FLAG.linked);
    } else {
      // The first name was replaced later, or is a symlink or device: an entry of its own is the same.
      kept[at] = raw.copy(target, pathOf(raw, record));
      copied = true;
    }
  }
  return copied;
}

function copyLink(raw: RawRecords, record: number, link: string): void {
  if (linkOf(raw, record) === link) return;
  raw.u32[record * RECORD_U32 + U32.linkAt] = raw.heapString(link);
  raw.u32[record * RECORD_U32 + U32.linkLength] = link.length;
}

/** The record that had this path when `link` was made: the last one before it, else the one that stayed, else -1. */
function findVersion(raw: RawRecords, kept: Uint32Array, all: Uint32Array | undefined, path: string, link: number): number {
  const position = findRecord(raw, kept, path);
  const last = position < 0 ? -1 : (kept[position] ?? -1);
  if (all === undefined || (last >= 0 && last < link)) return last;
  let version = -1;
  for (let at = lowerBound(raw, all, path); at < all.length && pathOf(raw, all[at] ?? 0) === path; at += 1) {
    const record = all[at] ?? 0;
    const kind = kindOf(raw, record);
    if (record < link && kind !== KIND_CODE.whiteout && kind !== KIND_CODE.opaque) version = record;
  }
  return version >= 0 ? version : last;
}

function findRecord(raw: RawRecords, order: Uint32Array, path: string): number {
  const at = lowerBound(raw, order, path);
  return at < order.length && pathOf(raw, order[at] ?? 0) === path ? at : -1;
}

function lowerBound(raw: RawRecords, order: Uint32Array, path: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareTreePaths(pathOf(raw, order[middle] ?? 0), path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
