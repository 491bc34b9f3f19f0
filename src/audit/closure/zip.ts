/** The central directory of a zip or jar file, read by ranges; and small entries of it. APPNOTE.TXT 6.3; no zip64, which no jar needs. */
import { inflateRaw } from "node:zlib";
import { promisify } from "node:util";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** A zip file. */
export interface ZipFile {
  readonly names: ReadonlySet<string>;
  /** A file of it, or undefined when there is none, or more than `maxBytes`, or it is damaged. */
  read(name: string, maxBytes: number): Promise<Uint8Array | undefined>;
}

interface Member {
  readonly method: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
}

const END = 0x0605_4b50;
const END_SIZE = 22;
const CENTRAL = 0x0201_4b50;
const CENTRAL_SIZE = 46;
const LOCAL_SIZE = 30;
const MAX_COMMENT = 0xffff;
const MAX_DIRECTORY = 64 * 1024 * 1024;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/** Reads the directory; undefined for what is no zip file. */
export async function readZip(files: AuditFiles, entry: Entry): Promise<ZipFile | undefined> {
  const tailSize = Math.min(entry.size, END_SIZE + MAX_COMMENT);
  const tail = Buffer.from(await files.bytes(entry, tailSize, entry.size - tailSize));
  let at = tail.byteLength - END_SIZE;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at -= 1;
  if (at < 0) return undefined;
  const size = tail.readUInt32LE(at + 12);
  const end = entry.size - tail.byteLength + at;
  // A program before the archive moves everything by its length.
  const moved = end - size - tail.readUInt32LE(at + 16);
  if (size > MAX_DIRECTORY || moved < 0) return undefined;
  const members = parseDirectory(Buffer.from(await files.bytes(entry, size, end - size)), moved);
  return {
    names: new Set(members.keys()),
    async read(name, maxBytes) {
      const member = members.get(name);
      if (member === undefined || member.size > maxBytes || member.compressed > maxBytes) return undefined;
      const header = Buffer.from(await files.bytes(entry, LOCAL_SIZE, member.offset));
      if (header.byteLength < LOCAL_SIZE) return undefined;
      const start = member.offset + LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
      const data = await files.bytes(entry, member.compressed, start);
      if (member.method !== DEFLATED) return member.method === 0 ? data : undefined;
      try {
        return await inflate(data, { maxOutputLength: maxBytes });
      } catch (error) {
        // Damaged, or longer than it says.
        if (error instanceof Error) return undefined;
        throw error;
      }
    },
  };
}

function parseDirectory(bytes: Buffer, moved: number): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  for (let at = 0; at + CENTRAL_SIZE <= bytes.byteLength && bytes.readUInt32LE(at) === CENTRAL;) {
    const nameSize = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameSize);
    members.set(name, {
      method: bytes.readUInt16LE(at + 10),
      compressed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42) + moved,
    });
    at += CENTRAL_SIZE + nameSize + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}
