/**
 * Brings the records of a layer into one order without contradictions, with the result that unpacking the entries one by one would have.
 * Most archives need no more than sorting; the others are replayed (`index-replay.ts`).
 */
import type { TreePath } from "../paths.ts";
import { compareTreePaths, parentOf, ROOT } from "../paths.ts";
import type { RawRecords } from "./index-format.ts";
import { FLAG, KIND_CODE, U32, comparePathBytes } from "./index-format.ts";
import { replayRecords } from "./index-replay.ts";
import { MAX_LINKS, addFlag, comparePaths, fieldOf, hasSameMetadata, kindOf, linkOf, pathOf, setLink } from "./index-records.ts";

/** What became of the records. */
export interface Settled {
  /** Record numbers in path order; absent when all records are in order as they came. */
  readonly order: Uint32Array | undefined;
  /** False when they had to be replayed: unpacking them as they come gives something else. */
  readonly regular: boolean;
  /** Some hard link is to a file of a lower layer. */
  readonly hasOutsideLinks: boolean;
}

/** Settles all records. Throws `TAR`. */
export function settleRecords(raw: RawRecords): Settled {
  const order = sortRecords(raw);
  const sorted = order ?? identity(raw.count);
  const links = hasPlainNames(raw, sorted) ? plainLinks(raw, sorted) : undefined;
  if (links === undefined) return { ...replayRecords(raw), regular: false };
  for (const { record, target } of links.inside) {
    setLink(raw, record, pathOf(raw, target));
    addFlag(raw, target, FLAG.linked);
  }
  return { order, regular: true, hasOutsideLinks: links.hasOutside };
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

/** Is every name there once, and nothing below what is no directory? */
function hasPlainNames(raw: RawRecords, order: Uint32Array): boolean {
  for (let at = 1; at < order.length; at += 1) {
    const record = order[at - 1] ?? 0;
    const next = order[at] ?? 0;
    if (comparePaths(raw, record, next) === 0) return false;
    const kind = kindOf(raw, record);
    if (kind !== KIND_CODE.dir && kind !== KIND_CODE.opaque && isBelow(raw, record, next)) return false;
  }
  return true;
}

interface Links {
  /** Hard links with the files that they name. */
  readonly inside: readonly { readonly record: number; readonly target: number }[];
  readonly hasOutside: boolean;
}

/** The hard links, when each is to an earlier file with the same metadata, or to nothing here; else undefined. */
function plainLinks(raw: RawRecords, order: Uint32Array): Links | undefined {
  const inside: { record: number; target: number }[] = [];
  let hasOutside = false;
  for (const record of order) {
    if (kindOf(raw, record) !== KIND_CODE.hardlink) continue;
    let target = record;
    for (let hops = 0; kindOf(raw, target) === KIND_CODE.hardlink; hops += 1) {
      const link = linkOf(raw, target);
      const next = findRecord(raw, order, link);
      if (next < 0 && target === record && !isBelowSymlink(raw, order, link)) break;
      if (next < 0 || next >= target || hops >= MAX_LINKS || !hasSameMetadata(raw, next, record)) return undefined;
      target = next;
    }
    if (target === record) hasOutside = true;
    else if (kindOf(raw, target) === KIND_CODE.file) inside.push({ record, target });
    else return undefined;
  }
  return { inside, hasOutside };
}

function isBelowSymlink(raw: RawRecords, order: Uint32Array, path: string): boolean {
  for (let parent = parentOf(path as TreePath); parent !== ROOT; parent = parentOf(parent)) {
    const record = findRecord(raw, order, parent);
    if (record >= 0 && kindOf(raw, record) === KIND_CODE.symlink) return true;
  }
  return false;
}

function isBelow(raw: RawRecords, parent: number, child: number): boolean {
  const length = fieldOf(raw, parent, U32.pathLength);
  if (length === 0) return true;
  const childAt = fieldOf(raw, child, U32.pathAt);
  if (fieldOf(raw, child, U32.pathLength) <= length || raw.heap[childAt + length] !== 47) return false;
  return comparePathBytes(raw.heap, fieldOf(raw, parent, U32.pathAt), length, childAt, length) === 0;
}

/** The record of a path in a sorted list without duplicates, or -1. */
function findRecord(raw: RawRecords, order: Uint32Array, path: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareTreePaths(pathOf(raw, order[middle] ?? 0), path) < 0) low = middle + 1;
    else high = middle;
  }
  const record = order[low];
  return record !== undefined && pathOf(raw, record) === path ? record : -1;
}
