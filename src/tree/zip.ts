/**
 * The central directory of a zip or jar file, read by ranges, and small members of it. APPNOTE.TXT 6.3: stored and deflated; no zip64, which no
 * jar needs. A stranger's file: everything is bounded, and what is damaged is not there.
 */
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";

/** Where the bytes of a zip are. */
export interface ZipSource {
  readonly size: number;
  /** Up to `length` bytes; fewer at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file in a zip. */
export interface ZipMember {
  readonly name: string;
  /** Its bytes; undefined for a damaged one, another method, and more than `maxBytes`. */
  read(maxBytes: number): Promise<Buffer | undefined>;
}

/** A zip file. */
export interface ZipFile {
  /** In the order of the directory; the last of one name counts. */
  readonly members: ReadonlyMap<string, ZipMember>;
}

const END = 0x0605_4b50;
const END_SIZE = 22;
const CENTRAL = 0x0201_4b50;
const CENTRAL_SIZE = 46;
const LOCAL = 0x0403_4b50;
const LOCAL_SIZE = 30;
const MAX_COMMENT = 0xffff;
const MAX_DIRECTORY = 64 * 1024 * 1024;
const STORED = 0;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/** Reads the directory; undefined for what is no zip file. */
export async function readZip(source: ZipSource): Promise<ZipFile | undefined> {
  const tailSize = Math.min(source.size, END_SIZE + MAX_COMMENT);
  const tail = Buffer.from(await source.read(source.size - tailSize, tailSize));
  let at = tail.byteLength - END_SIZE;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at -= 1;
  if (at < 0) return undefined;
  const size = tail.readUInt32LE(at + 12);
  const end = source.size - tail.byteLength + at;
  // A program before the archive moves everything by its length.
  const moved = end - size - tail.readUInt32LE(at + 16);
  if (size > MAX_DIRECTORY || moved < 0) return undefined;
  return { members: parseDirectory(source, Buffer.from(await source.read(end - size, size)), moved) };
}

/** A zip that is in memory. */
export function zipBytes(bytes: Uint8Array): ZipSource {
  return { size: bytes.byteLength, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) };
}

interface Place {
  readonly method: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
}

function parseDirectory(source: ZipSource, bytes: Buffer, moved: number): ReadonlyMap<string, ZipMember> {
  const members = new Map<string, ZipMember>();
  for (let at = 0; at + CENTRAL_SIZE <= bytes.byteLength && bytes.readUInt32LE(at) === CENTRAL;) {
    const nameSize = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameSize);
    const place: Place = {
      method: bytes.readUInt16LE(at + 10),
      compressed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42) + moved,
    };
    members.set(name, { name, read: (maxBytes) => readMember(source, place, maxBytes) });
    at += CENTRAL_SIZE + nameSize + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

async function readMember(source: ZipSource, place: Place, maxBytes: number): Promise<Buffer | undefined> {
  if (place.size > maxBytes || place.compressed > maxBytes + LOCAL_SIZE) return undefined;
  const header = Buffer.from(await source.read(place.offset, LOCAL_SIZE));
  if (header.byteLength < LOCAL_SIZE || header.readUInt32LE(0) !== LOCAL) return undefined;
  const start = place.offset + LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
  const data = Buffer.from(await source.read(start, place.compressed));
  if (place.method === STORED) return data.byteLength > maxBytes ? undefined : data;
  if (place.method !== DEFLATED) return undefined;
  try {
    return await inflate(data, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    // Damaged, or longer than it says.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
