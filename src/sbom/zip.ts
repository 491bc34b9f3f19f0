/** Reads a few small members of a zip that is in memory (PKWARE appnote 4.3): the central directory, stored and deflated members. Pure. */
import { inflateRawSync } from "node:zlib";

/** A member as the central directory lists it. */
export interface ZipMember {
  readonly name: string;
  /** Its bytes; undefined for a damaged one, another method, and over `maxBytes`. */
  read(maxBytes: number): Buffer | undefined;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/** The members in the order of the central directory; undefined when there is none that can be read. Offsets beyond the file end it. */
export function zipMembers(bytes: Buffer): readonly ZipMember[] | undefined {
  const end = endRecord(bytes);
  if (end < 0) return undefined;
  const members: ZipMember[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0 && at + CENTRAL_BYTES <= bytes.length; left -= 1) {
    if (bytes.readUInt32LE(at) !== CENTRAL) break;
    const [method, packed, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)];
    const nameBytes = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    members.push({
      name: bytes.toString("utf8", at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes),
      read: (maxBytes) => (size > maxBytes ? undefined : readMember(bytes, { local, method, packed, maxBytes })),
    });
    at += CENTRAL_BYTES + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

function endRecord(bytes: Buffer): number {
  for (let at = bytes.length - END_BYTES; at >= Math.max(0, bytes.length - END_BYTES - MAX_COMMENT_BYTES); at -= 1) {
    if (bytes.readUInt32LE(at) === END) return at;
  }
  return -1;
}

function readMember(
  bytes: Buffer,
  {
    local,
    method,
    packed,
    maxBytes,
  }: { readonly local: number; readonly method: number; readonly packed: number; readonly maxBytes: number },
): Buffer | undefined {
  if (local + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(local) !== LOCAL) return undefined;
  const start = local + LOCAL_BYTES + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const data = bytes.subarray(start, start + packed);
  if (method === STORED) return data.length > maxBytes ? undefined : data;
  if (method !== DEFLATED) return undefined;
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(1, maxBytes) });
  } catch {
    // Damaged, or larger than it said.
    return undefined;
  }
}
