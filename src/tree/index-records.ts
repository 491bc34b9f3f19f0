/** Reading and changing the packed records of an index that is being made: what `index-settle.ts` and `index-replay.ts` share. */
import type { RawRecords } from "./index-format.ts";
import {
  DIGEST_AT,
  F64,
  FLAG,
  KIND_CODE,
  NO_DATA,
  NO_XATTRS,
  RECORD_F64,
  RECORD_SIZE,
  RECORD_U32,
  U32,
  comparePathBytes,
  decodeXattrs,
  encodeXattrs,
  xattrsSize,
} from "./index-format.ts";

/** As many symlinks as Linux follows in one path, and as many hard links to hard links as an archive may chain. */
export const MAX_LINKS = 40;

const METADATA_U32 = [U32.mode, U32.uid, U32.gid, U32.mtimeNsec] as const;
/** What Linux takes from a file whose owner is set. */
const CAPABILITY = "security.capability";

/** One u32 of a record. */
export function fieldOf(raw: RawRecords, record: number, index: number): number {
  return raw.u32[record * RECORD_U32 + index] ?? 0;
}

/** The code of its kind. */
export function kindOf(raw: RawRecords, record: number): number {
  return fieldOf(raw, record, U32.kindFlags) & 0xff;
}

/** Its flags. */
export function flagsOf(raw: RawRecords, record: number): number {
  return fieldOf(raw, record, U32.kindFlags) >>> 8;
}

/** Its path. */
export function pathOf(raw: RawRecords, record: number): string {
  const at = fieldOf(raw, record, U32.pathAt);
  return raw.heap.toString("latin1", at, at + fieldOf(raw, record, U32.pathLength));
}

/** Where its link leads, as it is written. */
export function linkOf(raw: RawRecords, record: number): string {
  const at = fieldOf(raw, record, U32.linkAt);
  return raw.heap.toString("latin1", at, at + fieldOf(raw, record, U32.linkLength));
}

/** Its time in seconds. */
export function timeOf(raw: RawRecords, record: number): number {
  return raw.f64[record * RECORD_F64 + F64.mtimeSec] ?? 0;
}

/** Compares the paths of two records, as `compareTreePaths` does. */
export function comparePaths(raw: RawRecords, a: number, b: number): number {
  return comparePathBytes(
    raw.heap,
    fieldOf(raw, a, U32.pathAt),
    fieldOf(raw, a, U32.pathLength),
    fieldOf(raw, b, U32.pathAt),
    fieldOf(raw, b, U32.pathLength),
  );
}

/** Sets kind and flags. */
export function setKind(raw: RawRecords, record: number, kind: number, flags: number): void {
  raw.u32[record * RECORD_U32 + U32.kindFlags] = kind | (flags << 8);
}

/** Adds a flag. */
export function addFlag(raw: RawRecords, record: number, flag: number): void {
  setKind(raw, record, kindOf(raw, record), flagsOf(raw, record) | flag);
}

/** Sets where its link leads. */
export function setLink(raw: RawRecords, record: number, link: string): void {
  if (linkOf(raw, record) === link) return;
  const at = raw.heapString(link);
  raw.u32[record * RECORD_U32 + U32.linkAt] = at;
  raw.u32[record * RECORD_U32 + U32.linkLength] = link.length;
}

/** Have a file and a hard link to it the same mode, owner, time and attributes? */
export function hasSameMetadata(raw: RawRecords, file: number, link: number): boolean {
  if (timeOf(raw, file) !== timeOf(raw, link)) return false;
  if (METADATA_U32.some((index) => fieldOf(raw, file, index) !== fieldOf(raw, link, index))) return false;
  const [own, others] = [attributesOf(raw, file), attributesOf(raw, link)];
  return sameAttributes(raw, own, others) || (others === NO_XATTRS && linkedAttributes(raw, own, others) === own);
}

/** Gives `to` the mode, owner and time of `from`. */
export function copyMetadata(raw: RawRecords, from: number, to: number): void {
  for (const index of METADATA_U32) raw.u32[to * RECORD_U32 + index] = fieldOf(raw, from, index);
  raw.f64[to * RECORD_F64 + F64.mtimeSec] = timeOf(raw, from);
}

/** Where its extended attributes are in the heap, or `NO_XATTRS`. */
export function attributesOf(raw: RawRecords, record: number): number {
  return fieldOf(raw, record, U32.xattrsAt);
}

/** Sets where its extended attributes are. */
export function setAttributes(raw: RawRecords, record: number, at: number): void {
  raw.u32[record * RECORD_U32 + U32.xattrsAt] = at;
}

/** The attributes of a file after a hard link to it was unpacked: the link's are added, and capabilities that it does not repeat go with the change of owner. */
export function linkedAttributes(raw: RawRecords, file: number, link: number): number {
  const before = file === NO_XATTRS ? new Map<string, Uint8Array>() : decodeXattrs(raw.heap, file);
  if (link === NO_XATTRS && !before.has(CAPABILITY)) return file;
  const added = link === NO_XATTRS ? [] : decodeXattrs(raw.heap, link);
  const all = new Map([...[...before].filter(([name]) => name !== CAPABILITY), ...added]);
  return all.size === 0 ? NO_XATTRS : raw.heapBytes(encodeXattrs(all));
}

function sameAttributes({ heap }: RawRecords, a: number, b: number): boolean {
  if (a === NO_XATTRS || b === NO_XATTRS) return a === b;
  const bytesAt = (at: number): Buffer => heap.subarray(at, at + xattrsSize(heap, at, heap.byteLength));
  return bytesAt(a).equals(bytesAt(b));
}

/** Makes it a hard link to `link`. */
export function makeLink(raw: RawRecords, record: number, link: string): void {
  setKind(raw, record, KIND_CODE.hardlink, 0);
  setLink(raw, record, link);
  raw.f64[record * RECORD_F64 + F64.size] = 0;
  raw.f64[record * RECORD_F64 + F64.dataOffset] = NO_DATA;
  const digestAt = record * RECORD_SIZE + DIGEST_AT;
  raw.bytes.fill(0, digestAt, digestAt + 32);
}

/** Makes it a directory of root that hides what lower layers have below. */
export function makeOpaqueDirectory(raw: RawRecords, record: number, mtimeSec: number): void {
  setKind(raw, record, KIND_CODE.dir, FLAG.opaque);
  const base = record * RECORD_U32;
  raw.u32[base + U32.mode] = 0o755;
  raw.u32[base + U32.uid] = 0;
  raw.u32[base + U32.gid] = 0;
  raw.u32[base + U32.mtimeNsec] = 0;
  raw.u32[base + U32.xattrsAt] = NO_XATTRS;
  raw.f64[record * RECORD_F64 + F64.mtimeSec] = mtimeSec;
}
