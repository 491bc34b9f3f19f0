/** Files as fsutil tells them: the modes of Go, and what they are as entries. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromText, toText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Stat, StatSchema } from "../wire/session_pb.ts";

/** Bits of Go's FileMode. */
const DIR = 2 ** 31;
const SYMLINK = 1 << 27;
const DEVICE = 1 << 26;
const PIPE = 1 << 25;
const SOCKET = 1 << 24;
const CHAR = 1 << 21;
const SPECIAL: readonly (readonly [go: number, unix: number])[] = [
  [1 << 23, 0o4000],
  [1 << 22, 0o2000],
  [1 << 20, 0o1000],
];
const NSEC = 1_000_000_000n;

/** What a client's file is; undefined for a socket, which no image can hold. Throws `GrpcError` for a path that is not one of a folder. */
export function entryOf(stat: Stat): Entry | undefined {
  const path = pathOf(stat.path);
  const mode = (stat.mode & 0o777) | SPECIAL.reduce((bits, [go, unix]) => bits | ((stat.mode & go) === 0 ? 0 : unix), 0);
  const common = {
    path: path as Entry["path"],
    mode,
    uid: stat.uid,
    gid: stat.gid,
    size: 0,
    mtimeSec: Number(floorDiv(stat.modTime)),
    mtimeNsec: Number(stat.modTime - floorDiv(stat.modTime) * NSEC),
    ...xattrsOf(stat),
  };
  if (stat.mode >= DIR) return { ...common, kind: "dir" };
  if ((stat.mode & SYMLINK) !== 0) return { ...common, kind: "symlink", link: targetOf(stat.linkname) };
  if ((stat.mode & SOCKET) !== 0) return undefined;
  if ((stat.mode & PIPE) !== 0) return { ...common, kind: "fifo" };
  if ((stat.mode & DEVICE) !== 0)
    return { ...common, kind: (stat.mode & CHAR) === 0 ? "block" : "char", major: Number(stat.devmajor), minor: Number(stat.devminor) };
  if (stat.linkname !== "") return { ...common, kind: "hardlink", link: pathOf(stat.linkname) };
  return { ...common, kind: "file", size: Number(stat.size) };
}

function xattrsOf({ xattrs }: Stat): Pick<Entry, "xattrs"> {
  const found = Object.entries(xattrs).filter(([name]) => name.startsWith("user.") || name === "security.capability");
  return found.length === 0 ? {} : { xattrs: new Map(found.map(([name, value]) => [fromText(name), value])) };
}

/** A hostile client must not reach outside its folder. */
function pathOf(text: string): string {
  const path = fromText(text);
  if (path === "" || path.includes("\0") || path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw new GrpcError(CODE.invalid, `the client sent a file with the path ${JSON.stringify(text)}`);
  return path;
}

/** Where a link leads may be anywhere, but it must be a name. */
function targetOf(text: string): string {
  if (text === "" || text.includes("\0")) throw new GrpcError(CODE.invalid, `the client sent a link to ${JSON.stringify(text)}`);
  return fromText(text);
}

function floorDiv(nanoseconds: bigint): bigint {
  const seconds = nanoseconds / NSEC;
  return nanoseconds < 0n && seconds * NSEC !== nanoseconds ? seconds - 1n : seconds;
}

/** What a client is told of an entry. */
export function statOf(entry: Entry): MessageInitShape<typeof StatSchema> {
  const bits = SPECIAL.reduce((mode, [go, unix]) => mode | ((entry.mode & unix) === 0 ? 0 : go), entry.mode & 0o777);
  return {
    path: toText(entry.path),
    mode: bits + typeBits(entry),
    uid: entry.uid,
    gid: entry.gid,
    size: BigInt(entry.size),
    modTime: BigInt(entry.mtimeSec) * NSEC + BigInt(entry.mtimeNsec),
    linkname: entry.link === undefined ? "" : toText(entry.link),
    devmajor: BigInt(entry.major ?? 0),
    devminor: BigInt(entry.minor ?? 0),
    xattrs: Object.fromEntries([...(entry.xattrs ?? [])].map(([name, value]) => [toText(name), value])),
  };
}

const KINDS: Readonly<Partial<Record<Entry["kind"], number>>> = {
  dir: DIR,
  symlink: SYMLINK,
  fifo: PIPE,
  block: DEVICE,
  char: DEVICE | CHAR,
};

function typeBits({ kind }: Entry): number {
  return KINDS[kind] ?? 0;
}
