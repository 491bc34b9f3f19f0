/** An entry as a packed record and its bytes in the heap, written and read. The path of a record is its owner's to write. */
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import type { RawRecords } from "./index-format.ts";
import {
  DIGEST_AT,
  F64,
  FLAG,
  KIND_CODE,
  KINDS,
  NO_XATTRS,
  RECORD_F64,
  RECORD_SIZE,
  RECORD_U32,
  U32,
  decodeXattrs,
  encodeXattrs,
} from "./index-format.ts";
import type { Entry } from "./types.ts";

/** Where a record is read from: its views begin with record 0. */
export interface RecordMemory {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly heap: Buffer;
}

/** Writes all of an entry but its path into a record. `dataOffset`: where its content is, or `NO_DATA`. Throws `LIMIT`: too much heap. */
export function writeEntry(
  raw: Pick<RawRecords, "bytes" | "u32" | "f64" | "heapString" | "heapBytes">,
  record: number,
  entry: Entry,
  dataOffset: number,
): void {
  const { bytes, u32, f64 } = raw;
  const base = record * RECORD_U32;
  const floats = record * RECORD_F64;
  let flags = 0;
  u32[base + U32.mode] = entry.mode;
  u32[base + U32.uid] = entry.uid;
  u32[base + U32.gid] = entry.gid;
  u32[base + U32.linkAt] = entry.link === undefined ? 0 : raw.heapString(entry.link);
  u32[base + U32.linkLength] = entry.link?.length ?? 0;
  u32[base + U32.mtimeNsec] = entry.mtimeNsec;
  u32[base + U32.xattrsAt] = entry.xattrs === undefined || entry.xattrs.size === 0 ? NO_XATTRS : raw.heapBytes(encodeXattrs(entry.xattrs));
  u32[base + U32.major] = entry.major ?? 0;
  u32[base + U32.minor] = entry.minor ?? 0;
  if (entry.kind === "char" || entry.kind === "block") flags |= FLAG.device;
  if (entry.opaque === true) flags |= FLAG.opaque;
  f64[floats + F64.size] = entry.kind === "file" ? entry.size : 0;
  f64[floats + F64.mtimeSec] = entry.mtimeSec;
  f64[floats + F64.dataOffset] = dataOffset;
  const digestAt = record * RECORD_SIZE + DIGEST_AT;
  if (entry.digest === undefined || entry.kind !== "file") bytes.fill(0, digestAt, digestAt + 32);
  else {
    flags |= FLAG.digest;
    bytes.write(entry.digest.slice(entry.digest.indexOf(":") + 1), digestAt, 32, "hex");
  }
  u32[base + U32.kindFlags] = KIND_CODE[entry.kind] | (flags << 8);
}

/** The entry of a record, under the path given. */
export function readEntry({ bytes, u32, f64, heap }: RecordMemory, record: number, path: TreePath): Entry {
  const base = record * RECORD_U32;
  const word = (field: number): number => u32[base + field] ?? 0;
  const kindFlags = word(U32.kindFlags);
  const flags = kindFlags >>> 8;
  const linkLength = word(U32.linkLength);
  const linkAt = word(U32.linkAt);
  const xattrsAt = word(U32.xattrsAt);
  const digestAt = record * RECORD_SIZE + DIGEST_AT;
  return {
    path,
    kind: KINDS[kindFlags & 0xff] ?? "file",
    mode: word(U32.mode),
    uid: word(U32.uid),
    gid: word(U32.gid),
    size: f64[record * RECORD_F64 + F64.size] ?? 0,
    mtimeSec: f64[record * RECORD_F64 + F64.mtimeSec] ?? 0,
    mtimeNsec: word(U32.mtimeNsec),
    ...(flags & FLAG.digest ? { digest: `sha256:${bytes.toString("hex", digestAt, digestAt + 32)}` as Digest } : undefined),
    ...(linkLength > 0 ? { link: heap.toString("latin1", linkAt, linkAt + linkLength) } : undefined),
    ...(xattrsAt !== NO_XATTRS ? { xattrs: decodeXattrs(heap, xattrsAt) } : undefined),
    ...(flags & FLAG.device ? { major: word(U32.major), minor: word(U32.minor) } : undefined),
    ...(flags & FLAG.opaque ? { opaque: true } : undefined),
  };
}
