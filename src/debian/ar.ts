/**
 * The member table of an ar archive, the container of a .deb (deb(5)). Only headers are read; every number in them is checked against the
 * size of the file before it is used.
 */
import { type ByteStream, collect } from "../bytes.ts";
import { packageError } from "./errors.ts";

/** Bytes that can be read in any order. */
export interface RandomAccess {
  /** For messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** `length` bytes from `start`. */
  read(start: number, length: number): ByteStream;
}

/** A member and where its bytes are. */
export interface ArMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;
const HEADER_END = "`\n";
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,15}$/;
/** A .deb has three; deb(5) allows others that begin with "_". */
const MAX_MEMBERS = 16;

/** Lists the members. Throws `DEBIAN_PACKAGE`. */
export async function readArMembers(file: RandomAccess): Promise<ArMember[]> {
  const magic = await readText(file, 0, MAGIC.length);
  if (magic !== MAGIC) throw packageError(file.name, "it is not an ar archive");
  const members: ArMember[] = [];
  let at = MAGIC.length;
  while (at < file.size) {
    if (members.length === MAX_MEMBERS) throw packageError(file.name, `it has more than ${MAX_MEMBERS} members`);
    if (file.size - at < HEADER_BYTES) throw packageError(file.name, `it ends inside the header at byte ${at}`);
    const member = parseHeader(file, await readText(file, at, HEADER_BYTES), at);
    if (members.some((other) => other.name === member.name)) throw packageError(file.name, `it has the member "${member.name}" twice`);
    members.push(member);
    // Members begin at even offsets.
    at = member.offset + member.size + (member.size % 2);
  }
  return members;
}

function parseHeader(file: RandomAccess, header: string, at: number): ArMember {
  if (header.slice(58) !== HEADER_END) throw packageError(file.name, `the header at byte ${at} has no end mark`);
  const name = header.slice(0, 16).trimEnd().replace(/\/$/, "");
  const sizeText = header.slice(48, 58).trimEnd();
  if (!NAME.test(name)) throw packageError(file.name, `the header at byte ${at} has no proper member name`);
  if (!/^\d{1,10}$/.test(sizeText)) throw packageError(file.name, `member "${name}" has no proper size`);
  const size = Number(sizeText);
  const offset = at + HEADER_BYTES;
  if (size > file.size - offset)
    throw packageError(file.name, `member "${name}" says it has ${size} bytes; the file has ${file.size - offset} more`);
  return { name, offset, size };
}

async function readText(file: RandomAccess, start: number, length: number): Promise<string> {
  if (start + length > file.size) throw packageError(file.name, `it has ${file.size} bytes; wanted ${start + length} at least`);
  return (await collect(file.read(start, length), length, file.name)).toString("latin1");
}
