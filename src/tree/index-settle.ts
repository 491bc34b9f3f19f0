/**
 * Brings the records of a layer into one order without contradictions, with the result that unpacking the entries one by one would have.
 * Most archives need no more than sorting; the others are replayed (`index-replay.ts`).
 */
import type { RawRecords } from "./index-format.ts";
import { FLAG, KIND_CODE, U32, comparePathBytes, comparePathText } from "./index-format.ts";
import { replayRecords } from "./index-replay.ts";
import { MAX_LINKS, addFlag, comparePaths, fieldOf, hasSameMetadata, kindOf, linkOf, pathOf, setLink } from "./index-records.ts";

const SLASH = 47;

/** What became of the records. */
interface Settled {
  /** Record numbers in path order; absent when all records are in order as they came. */
  readonly order: Uint32Array | undefined;
  /** False when unpacking them as they come gives something else: names come twice, or they had to be replayed. */
  readonly regular: boolean;
  /** Some hard link is to a file of a lower layer. */
  readonly hasOutsideLinks: boolean;
}

/** Settles all records. Throws `TAR`. */
export function settleRecords(raw: RawRecords): Settled {
  const order = sortRecords(raw);
  const sorted = order ?? identity(raw.count);
  const names = plainNames(raw, sorted);
  const links = names === undefined ? undefined : plainLinks(raw, names);
  if (names === undefined || links === undefined) return { ...replayRecords(raw), regular: false };
  for (let at = 0; at < links.inside.length; at += 2) {
    const [record = 0, target = 0] = [links.inside[at], links.inside[at + 1]];
    setLink(raw, record, pathOf(raw, target));
    addFlag(raw, target, FLAG.linked);
  }
  const regular = names.length === sorted.length;
  return { order: regular ? order : names, regular, hasOutsideLinks: links.hasOutside };
}

function identity(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, record) => record);
}

/** By path, then by age; undefined when that is how they came. */
function sortRecords(raw: RawRecords): Uint32Array | undefined {
  let sorted = true;
  for (let at = 1; at < raw.count && sorted; at += 1) sorted = comparePaths(raw, at - 1, at) < 0;
  return sorted ? undefined : identity(raw.count).sort((a, b) => comparePaths(raw, a, b) || a - b);
}

/**
 * One record for each name, when every name is there once but for marks, and nothing is below what is no directory; else undefined. Many
 * layers have a mark beside its directory: they need no replay, which costs memory.
 */
function plainNames(raw: RawRecords, order: Uint32Array): Uint32Array | undefined {
  const names = new Uint32Array(order.length);
  let count = 0;
  for (let at = 0; at < order.length;) {
    let end = at + 1;
    while (end < order.length && comparePaths(raw, order[at] ?? 0, order[end] ?? 0) === 0) end += 1;
    const record = end === at + 1 ? order[at] : markedRecord(raw, order.subarray(at, end));
    const before = count === 0 ? undefined : names[count - 1];
    if (record === undefined || (before !== undefined && isLeaf(raw, before) && isBelow(raw, before, record))) return undefined;
    names[count] = record;
    count += 1;
    at = end;
  }
  return names.subarray(0, count);
}

/** Of several records with one name the one that is no mark, made opaque by the others; undefined when there are more, or none. */
function markedRecord(raw: RawRecords, group: Uint32Array): number | undefined {
  const [record, ...others] = group.filter((one) => !isMark(raw, one));
  if (record === undefined || others.length > 0) return undefined;
  if (kindOf(raw, record) === KIND_CODE.dir) addFlag(raw, record, FLAG.opaque);
  return record;
}

function isMark(raw: RawRecords, record: number): boolean {
  const kind = kindOf(raw, record);
  return kind === KIND_CODE.whiteout || kind === KIND_CODE.opaque;
}

function isLeaf(raw: RawRecords, record: number): boolean {
  const kind = kindOf(raw, record);
  return kind !== KIND_CODE.dir && kind !== KIND_CODE.opaque;
}

interface Links {
  /** Hard links, each followed by what it names, which is no directory. */
  readonly inside: readonly number[];
  readonly hasOutside: boolean;
}

/** The hard links, when each is to an earlier file with the same metadata, or to nothing here; else undefined. */
function plainLinks(raw: RawRecords, order: Uint32Array): Links | undefined {
  const inside: number[] = [];
  let hasOutside = false;
  for (const record of order) {
    if (kindOf(raw, record) !== KIND_CODE.hardlink) continue;
    let target = record;
    for (let hops = 0; kindOf(raw, target) === KIND_CODE.hardlink; hops += 1) {
      const link = linkOf(raw, target);
      const place = placeOf(raw, order, link);
      const next = order[place];
      const isHere = next !== undefined && isAt(raw, next, link);
      if (!isHere && target === record && !isBelowSymlink(raw, order[place - 1], link)) break;
      if (!isHere || next >= target || hops >= MAX_LINKS || !hasSameMetadata(raw, next, record)) return undefined;
      target = next;
    }
    if (target === record) hasOutside = true;
    else if (isLeaf(raw, target) && !isMark(raw, target)) inside.push(record, target);
    else return undefined;
  }
  return { inside, hasOutside };
}

/** `before`: the record that comes before `path`. Nothing is below a symlink here, so that it is the only one that `path` can be below. */
function isBelowSymlink(raw: RawRecords, before: number | undefined, path: string): boolean {
  if (before === undefined || kindOf(raw, before) !== KIND_CODE.symlink) return false;
  const at = fieldOf(raw, before, U32.pathAt);
  const length = fieldOf(raw, before, U32.pathLength);
  return path.charCodeAt(length) === SLASH && comparePathText(raw.heap, at, length, path.slice(0, length)) === 0;
}

function isBelow(raw: RawRecords, parent: number, child: number): boolean {
  const length = fieldOf(raw, parent, U32.pathLength);
  if (length === 0) return true;
  const childAt = fieldOf(raw, child, U32.pathAt);
  if (fieldOf(raw, child, U32.pathLength) <= length || raw.heap[childAt + length] !== SLASH) return false;
  return comparePathBytes(raw.heap, fieldOf(raw, parent, U32.pathAt), length, childAt, length) === 0;
}

/** Where a path is, or would be, in a sorted list without duplicates. */
function placeOf(raw: RawRecords, order: Uint32Array, path: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWith(raw, order[middle] ?? 0, path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareWith(raw: RawRecords, record: number, path: string): number {
  return comparePathText(raw.heap, fieldOf(raw, record, U32.pathAt), fieldOf(raw, record, U32.pathLength), path);
}

function isAt(raw: RawRecords, record: number, path: string): boolean {
  return fieldOf(raw, record, U32.pathLength) === path.length && compareWith(raw, record, path) === 0;
}
