/** One entry of an overlayfs upper directory: what it says, without overlayfs's own marks (kernel documentation "Overlay Filesystem"). */
import type { BigIntStats } from "node:fs";
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { DecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, displayPath } from "../paths.ts";
import { getXattr, listXattrs, splitDevice } from "../sys/index.ts";
import { fsPath } from "./host-files.ts";
import type { Entry, EntryTime } from "./types.ts";

/** What a name in an upper directory is. */
export type UpperEntry =
  | { readonly kind: "whiteout" | "socket" }
  | {
      readonly kind: "entry";
      readonly entry: Entry;
      readonly opaque: boolean;
      /** Of what has several names: what they share. */
      readonly inode: string | undefined;
    };

const MARKS = ["trusted.overlay.", "user.overlay."];
/** The only attribute that layers carry (rule S126). */
const CAPABILITY = "security.capability";

/** Names in a directory of the upper, in the order of bytes. */
export function upperNames(root: string, path: TreePath): string[] {
  return readdirSync(fsPath(path === ROOT ? root : `${root}/${path}`), { encoding: "latin1" }).sort();
}

/** Reads one entry; files come without digest. Throws `UNSUPPORTED` for directories that were renamed in place and files without their data. */
export function readUpper(root: string, path: TreePath): UpperEntry {
  const hostPath = `${root}/${path}`;
  const stat = lstatSync(fsPath(hostPath), { bigint: true });
  if (stat.isCharacterDevice() && stat.rdev === 0n) return { kind: "whiteout" };
  if (stat.isSocket()) return { kind: "socket" };
  const names = stat.isSymbolicLink() ? [] : listXattrs(hostPath);
  const has = (name: string): boolean => names.length > 0 && MARKS.some((mark) => names.includes(mark + name));
  if (has("redirect") || has("metacopy")) {
    throw new DecantError(
      "UNSUPPORTED",
      `Cannot make a layer of "${displayPath(path)}": overlayfs keeps it as a reference to another place`,
      {
        hint: "Mount overlayfs with redirect_dir=off,metacopy=off",
      },
    );
  }
  const entry = entryOf(path, stat, hostPath);
  const capability = names.includes(CAPABILITY) ? getXattr(hostPath, CAPABILITY) : undefined;
  return {
    kind: "entry",
    entry: capability === undefined ? entry : { ...entry, xattrs: new Map([[CAPABILITY, capability]]) },
    opaque: entry.kind === "dir" && has("opaque"),
    inode: entry.kind !== "dir" && stat.nlink > 1n ? String(stat.ino) : undefined,
  };
}

/** All extended attributes of a file in an upper directory, but for the marks of overlayfs. */
export function attributesOf(hostPath: string): Map<string, Uint8Array> {
  const names = listXattrs(hostPath).filter((name) => !MARKS.some((mark) => name.startsWith(mark)));
  return new Map(names.map((name) => [name, getXattr(hostPath, name) ?? new Uint8Array(0)]));
}

function entryOf(path: TreePath, stat: BigIntStats, hostPath: string): Entry {
  const mtimeSec = stat.mtimeNs >= 0n ? stat.mtimeNs / 1_000_000_000n : (stat.mtimeNs - 999_999_999n) / 1_000_000_000n;
  const base = {
    path,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: 0,
    mtimeSec: Number(mtimeSec),
    mtimeNsec: Number(stat.mtimeNs - mtimeSec * 1_000_000_000n),
  };
  if (stat.isDirectory()) return { ...base, kind: "dir" };
  if (stat.isSymbolicLink()) return { ...base, kind: "symlink", link: readlinkSync(fsPath(hostPath), { encoding: "latin1" }) };
  if (stat.isFIFO()) return { ...base, kind: "fifo" };
  if (stat.isFile()) return { ...base, kind: "file", size: Number(stat.size) };
  return { ...base, kind: stat.isBlockDevice() ? "block" : "char", ...splitDevice(Number(stat.rdev)) };
}

/** Are both the same but for times, contents and digest? */
export function hasSameMetadata(a: Entry, b: Entry): boolean {
  return (
    a.kind === b.kind &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.link === b.link &&
    a.major === b.major &&
    a.minor === b.minor &&
    // A symlink's mode means nothing, and archives hold any.
    (a.mode === b.mode || a.kind === "symlink") &&
    sameBytes(a.xattrs?.get(CAPABILITY), b.xattrs?.get(CAPABILITY))
  );
}

/** Have both the same time, to the nanosecond? */
export function hasSameTime(a: EntryTime, b: EntryTime): boolean {
  return a.mtimeSec === b.mtimeSec && a.mtimeNsec === b.mtimeNsec;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
