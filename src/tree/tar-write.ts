/**
 * Entries → tar headers as BuildKit writes them (rules S121, S125 to S127): ustar, with a PAX header only for what ustar cannot hold;
 * whole seconds, numeric owners, directories with "/" at the end, of all extended attributes only those asked for.
 */
import { unreachable } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { BLOCK, checksum } from "./tar-header.ts";
import type { Entry } from "./types.ts";
import { opaqueFor, whiteoutFor } from "./whiteout.ts";
import { paxRecord } from "./pax.ts";

const MAX_ID = 0o7777777;
const MAX_SIZE = 0o77777777777;

/** Which extended attributes go into a tar. */
export type XattrFilter = (name: string) => boolean;

/** Rule S126: only file capabilities. */
export const capabilitiesOnly: XattrFilter = (name) => name === "security.capability";

/** Writes headers into a buffer that the caller provides. */
interface EncodedHeaders {
  /** Bytes that `write` fills, a multiple of 512. */
  readonly size: number;
  write(out: Buffer, at: number): void;
}

/** The headers of an entry: usually one block; with a PAX header before it; an opaque directory also has its mark after it. */
export function tarHeaders(entry: Entry, xattrs: XattrFilter = capabilitiesOnly): EncodedHeaders {
  const name = tarName(entry);
  const split = splitName(name);
  const link = entry.link ?? "";
  const pax = paxData(entry, split === undefined ? name : undefined, link.length > 100 ? link : undefined, xattrs);
  const paxSize = pax === undefined ? 0 : BLOCK + tarPadded(pax.byteLength);
  const opaque = entry.kind === "dir" && entry.opaque === true ? tarHeaders(opaqueMark(entry.path)) : undefined;
  return {
    size: paxSize + BLOCK + (opaque?.size ?? 0),
    write(out, at) {
      if (pax !== undefined) {
        writeBlock(out, at, {
          prefix: "",
          name: `PaxHeaders.0/${lastPart(name)}`.slice(0, 100),
          type: "x",
          mode: 0,
          uid: 0,
          gid: 0,
          size: pax.byteLength,
          mtime: 0,
        });
        out.set(pax, at + BLOCK);
        out.fill(0, at + BLOCK + pax.byteLength, at + paxSize);
      }
      const isMark = entry.kind === "whiteout" || entry.kind === "opaque";
      writeBlock(out, at + paxSize, {
        prefix: split?.prefix ?? "",
        name: split?.name ?? name.slice(0, 100),
        type: typeOf(entry.kind),
        mode: isMark ? 0 : entry.mode,
        uid: isMark || entry.uid > MAX_ID ? 0 : entry.uid,
        gid: isMark || entry.gid > MAX_ID ? 0 : entry.gid,
        size: entry.kind === "file" && entry.size <= MAX_SIZE ? entry.size : 0,
        mtime: isMark || entry.mtimeSec < 0 || entry.mtimeSec > MAX_SIZE ? 0 : entry.mtimeSec,
        link: link.slice(0, 100),
        major: entry.major ?? 0,
        minor: entry.minor ?? 0,
      });
      opaque?.write(out, at + paxSize + BLOCK);
    },
  };
}

/** `size` rounded up to whole blocks. */
export function tarPadded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function opaqueMark(path: TreePath): Entry {
  return { path, kind: "opaque", mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}

/** The name of an entry as a tar has it: that of a directory ends in a slash. */
export function tarName(entry: Entry): string {
  if (entry.kind === "whiteout") return whiteoutFor(entry.path);
  if (entry.kind === "opaque") return opaqueFor(entry.path);
  if (entry.kind !== "dir") return entry.path;
  return entry.path === "" ? "./" : `${entry.path}/`;
}

function lastPart(name: string): string {
  const end = name.endsWith("/") ? name.length - 1 : name.length;
  return name.slice(name.lastIndexOf("/", end - 1) + 1, end);
}

/** ustar holds 100 bytes, or 155 + "/" + 100; undefined when neither fits. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (name.length <= 100) return { prefix: "", name };
  if (name.length > 256) return undefined;
  // The slash that leaves at most 100 bytes behind it, without being the one at the end.
  const slash = name.indexOf("/", name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

function typeOf(kind: Entry["kind"]): string {
  switch (kind) {
    case "file":
    case "whiteout":
    case "opaque":
      return "0";
    case "hardlink":
      return "1";
    case "symlink":
      return "2";
    case "char":
      return "3";
    case "block":
      return "4";
    case "dir":
      return "5";
    case "fifo":
      return "6";
    default:
      return unreachable(kind);
  }
}

/** Records in the order of their keys, as Go writes them. */
function paxData(entry: Entry, path: string | undefined, linkpath: string | undefined, xattrs: XattrFilter): Buffer | undefined {
  const isMark = entry.kind === "whiteout" || entry.kind === "opaque";
  const records: Buffer[] = [];
  if (entry.xattrs !== undefined) {
    for (const [name, value] of [...entry.xattrs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (xattrs(name)) records.push(paxRecord(`SCHILY.xattr.${name}`, value));
    }
  }
  if (!isMark && entry.gid > MAX_ID) records.push(paxRecord("gid", String(entry.gid)));
  if (linkpath !== undefined) records.push(paxRecord("linkpath", linkpath));
  if (!isMark && (entry.mtimeSec < 0 || entry.mtimeSec > MAX_SIZE)) records.push(paxRecord("mtime", String(entry.mtimeSec)));
  if (path !== undefined) records.push(paxRecord("path", path));
  if (entry.kind === "file" && entry.size > MAX_SIZE) records.push(paxRecord("size", String(entry.size)));
  if (!isMark && entry.uid > MAX_ID) records.push(paxRecord("uid", String(entry.uid)));
  return records.length === 0 ? undefined : Buffer.concat(records);
}

interface Block {
  readonly prefix: string;
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly link?: string;
  readonly major?: number;
  readonly minor?: number;
}

function writeBlock(out: Buffer, at: number, block: Block): void {
  out.fill(0, at, at + BLOCK);
  out.write(block.name, at, "latin1");
  octal(out, at + 100, 7, block.mode);
  octal(out, at + 108, 7, block.uid);
  octal(out, at + 116, 7, block.gid);
  octal(out, at + 124, 11, block.size);
  octal(out, at + 136, 11, block.mtime);
  out[at + 156] = block.type.charCodeAt(0);
  if (block.link !== undefined && block.link !== "") out.write(block.link, at + 157, "latin1");
  out.write("ustar\x0000", at + 257, "latin1");
  octal(out, at + 329, 7, block.major ?? 0);
  octal(out, at + 337, 7, block.minor ?? 0);
  if (block.prefix !== "") out.write(block.prefix, at + 345, "latin1");
  octal(out, at + 148, 6, checksum(out, at));
  out[at + 155] = 32;
}

/** `digits` octal digits; the byte after them stays NUL. */
function octal(out: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    out[index] = 48 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}
