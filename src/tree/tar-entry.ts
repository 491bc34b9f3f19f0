/** A tar header with its PAX fields and GNU long names → an Entry, with rules S121 and S129. */
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import { tarError } from "./errors.ts";
import type { PaxFields } from "./pax.ts";
import type { TarNames } from "./tar-extensions.ts";
import type { TarHeader } from "./tar-header.ts";
import { archivePath, symlinkTarget } from "./tar-path.ts";
import type { Entry, EntryKind } from "./types.ts";
import { parseWhiteout } from "./whiteout.ts";

/** -1 means "leave as it is" to chown. */
const MAX_ID = 0xfffffffe;
/** Attributes by which overlayfs steers itself: never taken from an archive. */
const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/**
 * The entry; undefined for what is skipped: aufs bookkeeping, and whatever is called like the root ("./", or nothing at all), as the
 * directory that an archive is unpacked to keeps its own metadata (rule S130). `layer`: ".wh." names are whiteouts. Throws `TAR`, `PATH_ESCAPE`, `WHITEOUT`.
 */
export function tarEntry(header: TarHeader, names: TarNames, size: number, layer: boolean): Entry | undefined {
  const { pax } = names;
  const rawName = pax.sparse?.get("name") ?? pax.path ?? names.longName ?? header.name;
  const path = archivePath(rawName);
  const kind = kindOf(header, rawName);
  if (path === ROOT) return undefined;
  if (layer) {
    const name = parseWhiteout(path);
    // overlayfs knows no opaque root: containers see what is below it.
    if (name.kind === "ignored" || (name.kind === "opaque" && name.path === ROOT)) return undefined;
    if (name.kind !== "plain") return mark(name.kind, name.path);
    // This is how overlayfs itself writes a whiteout.
    if (kind === "char" && header.major === 0 && header.minor === 0) return mark("whiteout", path);
  } else if (kind === "char" && header.major === 0 && header.minor === 0) {
    throw tarError("character device 0:0 is a whiteout", rawName);
  }
  const entry: Mutable<Entry> = {
    path,
    kind,
    mode: header.mode,
    uid: id(pax.uid ?? header.uid, "uid", rawName),
    gid: id(pax.gid ?? header.gid, "gid", rawName),
    size: kind === "file" ? size : 0,
    mtimeSec: pax.mtimeSec ?? header.mtime,
    mtimeNsec: pax.mtimeSec === undefined ? 0 : (pax.mtimeNsec ?? 0),
  };
  const link = pax.linkpath ?? names.longLink ?? header.link;
  if (kind === "symlink") entry.link = symlinkTarget(link, rawName);
  if (kind === "hardlink") {
    entry.link = archivePath(link);
    if (entry.link === ROOT) throw tarError("a hard link to the root", rawName);
  }
  if (kind === "char" || kind === "block") {
    entry.major = header.major;
    entry.minor = header.minor;
  }
  const xattrs = xattrsOf(pax);
  if (xattrs !== undefined) entry.xattrs = xattrs;
  return entry;
}

/** Objects under construction. */
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function kindOf(header: TarHeader, name: string): EntryKind {
  switch (header.type) {
    case "0":
      // Old tars have no type for directories.
      return name.endsWith("/") ? "dir" : "file";
    case "7":
    case "S":
      return "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
      return "char";
    case "4":
      return "block";
    case "5":
      return "dir";
    case "6":
      return "fifo";
    default:
      throw tarError(`its type ${JSON.stringify(header.type)} is not one of files, directories, links, devices and FIFOs`, name);
  }
}

function mark(kind: "whiteout" | "opaque", path: TreePath): Entry {
  return { path, kind, mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}

function id(value: number, what: string, name: string): number {
  if (value < 0 || value > MAX_ID) throw tarError(`its ${what} ${value} is out of range`, name);
  return value;
}

function xattrsOf(pax: PaxFields): Map<string, Uint8Array> | undefined {
  if (pax.xattrs === undefined) return undefined;
  const kept = new Map([...pax.xattrs].filter(([name]) => !OVERLAY_XATTR.test(name)));
  return kept.size === 0 ? undefined : kept;
}
