/**
 * Makes the directory of one layer in overlayfs form: whiteouts are character devices 0:0, opaque directories carry an attribute.
 * The one place that creates files from archives. The directory is private and new; while contents stream in it holds only directories and
 * files that were made here; hard links come next and symlinks last, so that no path ever leads through a symlink (rule S129).
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  linkSync,
  lchownSync,
  chmodSync,
  mkdirSync,
  openSync,
  symlinkSync,
} from "node:fs";
import { InternalError, errnoOf, isDecantError } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { ROOT, fromText, parentOf, toBytes } from "../paths.ts";
import { makeNode, setTimes, setXattr } from "../sys/index.ts";
import { writeFailure } from "./errors.ts";
import { fsPath } from "./host-files.ts";
import type { Entry, LayerIndex } from "./types.ts";
import { writeAll } from "./write-all.ts";

/** A directory in the making. All calls are synchronous. */
export interface Unpacker extends Disposable {
  /** Starts a file; its parents are made as they are needed. */
  begin(entry: Entry): void;
  data(chunk: Uint8Array): void;
  /** Ends the file: owner, mode, attributes, time. */
  end(): void;
  /** Makes everything else that the index has, but for hard links to files that are not in it. Every directory has an entry. Call once, at the end. */
  finish(index: LayerIndex): void;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPAQUE = Buffer.from("y");

/** Starts to unpack into `root`, a new and empty directory. */
export function createUnpacker(root: string): Unpacker {
  const rootPath = fromText(root);
  const directories = new Set<string>([ROOT]);
  let current: Entry | undefined;
  let fd = -1;
  const hostPath = (path: TreePath): string => (path === ROOT ? rootPath : `${rootPath}/${path}`);

  const ensureDirectory = (path: TreePath): void => {
    if (directories.has(path)) return;
    ensureDirectory(parentOf(path));
    mkdirSync(fsPath(hostPath(path)), 0o700);
    directories.add(path);
  };

  const end = (): void => {
    if (current === undefined) return;
    if (current.uid !== 0 || current.gid !== 0) fchownSync(fd, current.uid, current.gid);
    // After the owner, because a change of owner clears setuid. The umask does not matter here.
    fchmodSync(fd, current.mode);
    if (current.xattrs !== undefined) setAttributes(hostPath(current.path), current);
    if (current.mtimeNsec === 0) futimesSync(fd, current.mtimeSec, current.mtimeSec);
    closeSync(fd);
    fd = -1;
    if (current.mtimeNsec !== 0) setTimes(hostPath(current.path), timeOf(current));
    current = undefined;
  };

  const begin = (entry: Entry): void => {
    ensureDirectory(parentOf(entry.path));
    fd = openSync(fsPath(hostPath(entry.path)), CREATE, 0o600);
    current = entry;
  };

  const makeOther = (entry: Entry): void => {
    const path = hostPath(entry.path);
    switch (entry.kind) {
      case "whiteout":
        ensureDirectory(parentOf(entry.path));
        makeNode(path, { kind: "char", mode: 0, major: 0, minor: 0 });
        return;
      case "dir":
        ensureDirectory(entry.path);
        return;
      case "char":
      case "block":
        ensureDirectory(parentOf(entry.path));
        makeNode(path, { kind: entry.kind, mode: 0o600, major: entry.major ?? 0, minor: entry.minor ?? 0 });
        setMetadata(path, entry);
        return;
      case "fifo":
        ensureDirectory(parentOf(entry.path));
        makeNode(path, { kind: "fifo", mode: 0o600 });
        setMetadata(path, entry);
        return;
      case "file":
        if (entry.size > 0) throw new InternalError(`no data for "${entry.path}"`);
        begin(entry);
        end();
        return;
      case "opaque":
        throw new InternalError(`an opaque mark without its directory "${entry.path}"`);
      case "hardlink":
      case "symlink":
        return;
    }
  };

  const makeLink = (index: LayerIndex, position: number): void => {
    const entry = index.at(position);
    ensureDirectory(parentOf(entry.path));
    if (index.find(entry.link as TreePath) >= 0) linkSync(fsPath(hostPath(entry.link as TreePath)), fsPath(hostPath(entry.path)));
  };

  return {
    begin,
    data: (chunk) => writeAll(fd, chunk, `"${hostPath(current?.path ?? ROOT)}"`),
    end,
    finish(index) {
      try {
        const later: number[] = [];
        const folders: number[] = [];
        for (let position = 0; position < index.count; position += 1) {
          const kind = index.kind(position);
          if (kind === "hardlink" || kind === "symlink") later.push(position);
          else if (kind === "file" && index.dataOffset(position) >= 0) continue;
          else {
            if (kind === "dir") folders.push(position);
            makeOther(index.at(position));
          }
        }
        for (const position of later) {
          if (index.kind(position) === "hardlink" && !isLinkToSymlink(index, position)) makeLink(index, position);
        }
        for (const position of later) {
          if (index.kind(position) !== "symlink") continue;
          const entry = index.at(position);
          ensureDirectory(parentOf(entry.path));
          symlinkSync(toBytes(entry.link ?? ""), fsPath(hostPath(entry.path)));
          if (entry.uid !== 0 || entry.gid !== 0) lchownSync(fsPath(hostPath(entry.path)), entry.uid, entry.gid);
          setTimes(hostPath(entry.path), timeOf(entry));
        }
        for (const position of later) if (isLinkToSymlink(index, position)) makeLink(index, position);
        // Children first: making them changed the times of their directory.
        for (const position of folders.reverse()) {
          const entry = index.at(position);
          setMetadata(hostPath(entry.path), entry);
          if (entry.opaque === true) setOpaque(hostPath(entry.path));
        }
        // The root's are the caller's when the layer has no entry for it.
        if (index.count === 0 || index.path(0) !== ROOT) chmodSync(fsPath(rootPath), 0o755);
      } catch (error) {
        throw writeFailure(error, `"${root}"`);
      }
    },
    [Symbol.dispose]() {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}

/** link(2) names a symlink itself, and never what it leads to. */
function isLinkToSymlink(index: LayerIndex, position: number): boolean {
  if (index.kind(position) !== "hardlink") return false;
  const target = index.find(index.at(position).link as TreePath);
  return target >= 0 && index.kind(target) === "symlink";
}

type Metadata = Pick<Entry, "mode" | "uid" | "gid" | "mtimeSec" | "mtimeNsec" | "xattrs">;

/** For all but symlinks and files that are open. */
export function setMetadata(path: string, entry: Metadata): void {
  if (entry.uid !== 0 || entry.gid !== 0) lchownSync(fsPath(path), entry.uid, entry.gid);
  chmodSync(fsPath(path), entry.mode);
  if (entry.xattrs !== undefined) setAttributes(path, entry);
  setTimes(path, timeOf(entry));
}

/** Best effort (rule S126) but for capabilities, without which a program would lack rights in silence. */
export function setAttributes(path: string, entry: Pick<Entry, "xattrs">): void {
  for (const [name, value] of entry.xattrs ?? []) {
    try {
      setXattr(path, fromText(name), value);
    } catch (error) {
      const errno = isDecantError(error, "SYSCALL") ? error.details["errno"] : undefined;
      if (name === "security.capability" || (errno !== "ENOTSUP" && errno !== "EOPNOTSUPP" && errno !== "EPERM")) throw error;
    }
  }
}

/** In a user namespace only user.* attributes can be set; overlayfs is then mounted with `userxattr`. */
function setOpaque(path: string): void {
  try {
    setXattr(path, "trusted.overlay.opaque", OPAQUE);
  } catch (error) {
    if (!isDecantError(error, "SYSCALL") || error.details["errno"] !== "EPERM") throw error;
    setXattr(path, "user.overlay.opaque", OPAQUE);
  }
}

/** What file systems can hold, so that a hostile time is no failure. */
const MAX_TIME = 2 ** 33;

/** The time of an entry for `setTimes`. */
export function timeOf(entry: Pick<Entry, "mtimeSec" | "mtimeNsec">): { sec: number; nsec: number } {
  return { sec: Math.max(-(2 ** 31), Math.min(entry.mtimeSec, MAX_TIME)), nsec: entry.mtimeNsec };
}

/** A name that an unpacker met twice. */
export function isTaken(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "EEXIST" || errno === "ENOTDIR" || errno === "EISDIR";
}
