/**
 * The one place that makes entries of layers and trees on disk: their files, links, devices, pipes and whiteouts, with owner, mode, attributes
 * and time. It follows no symlink at the end of a path; that none is on the way is for its callers to know.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
} from "node:fs";
import { DecantError, InternalError, isDecantError } from "../errors.ts";
import { displayPath, fromText, toBytes, toText } from "../paths.ts";
import { checkIds, makeNode, setTimes, setXattr } from "../sys/index.ts";
import { fsPath } from "./host-files.ts";
import type { Entry } from "./types.ts";

/** Makes entries; paths are in bytes form, and their parents exist. All calls are synchronous and throw Node's errors, `EEXIST` among them. */
export interface EntryMaker {
  /** Opens a new file for its content. */
  open(path: string): number;
  /** Gives a file that `open` made the owner, mode, attributes and time of its entry. Closes it, also when it throws. */
  close(fd: number, entry: Entry): void;
  /** Makes a directory that nobody else can use yet: `describe` it when all is in it. */
  directory(path: string): void;
  /** Gives a directory the owner, mode, attributes and time of its entry. `isOpaque`: it hides what lower layers have (overlayfs). */
  describe(path: string, entry: Entry, isOpaque?: boolean): void;
  /** Makes a hard link. */
  link(target: string, path: string): void;
  /** Makes a symlink, device, pipe or whiteout (overlayfs: a device 0:0). */
  special(path: string, entry: Entry): void;
  /** Names of extended attributes that the file system did not take so far (rule S126). */
  readonly dropped: ReadonlySet<string>;
}

const O_PATH = 0o10000000;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPAQUE = Buffer.from("y");
/** What a file system says that cannot hold an attribute, and a kernel that does not let us set it. */
const NOT_TAKEN: readonly unknown[] = ["ENOTSUP", "EOPNOTSUPP", "EPERM"];
/** The same for devices and pipes. */
const NO_NODES: readonly unknown[] = ["EPERM", "ENOSYS", "EOPNOTSUPP"];
/** What file systems can hold, so that a hostile time is no failure. */
const MAX_TIME = 2 ** 33;

/** How a maker works. */
interface EntryMakerOptions {
  /** Device files that the kernel refuses, as in a user namespace, are left out. Default false. */
  readonly leavesDevices?: boolean | undefined;
  /** Others may put a link in the place of what was just made: it is not followed. Needs /proc, which the thread for mounts has not. Default false. */
  readonly isShared?: boolean | undefined;
}

/** A maker that has dropped nothing yet. */
export function createEntryMaker({ leavesDevices = false, isShared = false }: EntryMakerOptions = {}): EntryMaker {
  const dropped = new Set<string>();
  const setMetadata = (path: string, entry: Entry, setMode: (path: string, mode: number) => void): void => {
    giveOwner(entry, (uid, gid) => lchownSync(fsPath(path), uid, gid));
    setMode(path, entry.mode);
    setAttributes(path, entry, dropped);
    setTimes(path, timeOf(entry));
  };
  const setNodeMode = isShared ? chmodUnfollowed : chmodPath;
  return {
    dropped,
    open: (path) => openSync(fsPath(path), CREATE, 0o600),
    close(fd, entry) {
      const time = timeOf(entry);
      // Node takes a time before 1970 for "now", and has no nanoseconds.
      const isSimple = time.nsec === 0 && time.sec >= 0;
      try {
        giveOwner(entry, (uid, gid) => fchownSync(fd, uid, gid));
        // After the owner, because a change of owner clears setuid. The umask does not matter here.
        fchmodSync(fd, entry.mode);
        setAttributes(fd, entry, dropped);
        if (isSimple) futimesSync(fd, time.sec, time.sec);
        else setTimes(fd, time);
      } finally {
        closeSync(fd);
      }
    },
    directory: (path) => mkdirSync(fsPath(path), 0o700),
    describe(path, entry, isOpaque = false) {
      setMetadata(path, entry, chmodPath);
      if (isOpaque) setOpaque(path);
    },
    link: (target, path) => linkSync(fsPath(target), fsPath(path)),
    special(path, entry) {
      switch (entry.kind) {
        case "symlink":
          symlinkSync(toBytes(entry.link ?? ""), fsPath(path));
          giveOwner(entry, (uid, gid) => lchownSync(fsPath(path), uid, gid));
          setTimes(path, timeOf(entry));
          return;
        case "char":
        case "block":
          if (makeDevice(path, entry, leavesDevices)) setMetadata(path, entry, setNodeMode);
          return;
        case "fifo":
          makeNodeOf(entry, path, { kind: "fifo", mode: 0o600 });
          setMetadata(path, entry, setNodeMode);
          return;
        case "whiteout":
          makeNodeOf(entry, path, { kind: "char", mode: 0, major: 0, minor: 0 });
          return;
        case "file":
        case "dir":
        case "hardlink":
        case "opaque":
          throw new InternalError(`"${entry.path}" is not a special file`);
        default:
          entry.kind satisfies never;
      }
    },
  };
}

function chmodPath(path: string, mode: number): void {
  chmodSync(fsPath(path), mode);
}

/** chmod(2) follows a symlink; a descriptor does not. */
function chmodUnfollowed(path: string, mode: number): void {
  const fd = openSync(fsPath(path), O_PATH | constants.O_NOFOLLOW);
  try {
    // A symlink that is here by now has a mode that nobody can set.
    chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    closeSync(fd);
  }
}

/** False when it was left out. */
function makeDevice(path: string, entry: Entry, mayLeave: boolean): boolean {
  const { kind, major = 0, minor = 0 } = entry;
  try {
    makeNodeOf(entry, path, { kind: kind === "block" ? "block" : "char", mode: 0o600, major, minor });
    return true;
  } catch (error) {
    if (!mayLeave || !isRefused(error)) throw error;
    return false;
  }
}

/** Throws `SYSCALL`, with a hint where the file system or our rights do not allow such a file, as FUSE and exFAT do not. */
function makeNodeOf({ kind, path: name }: Entry, path: string, node: Parameters<typeof makeNode>[1]): void {
  try {
    makeNode(path, node);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const [what, needs] =
      kind === "whiteout"
        ? ["write down the removal of", "a device file 0:0, as overlayfs has it"]
        : ["make", kind === "fifo" ? "a pipe" : "a device file"];
    const { errno } = error.details;
    throw new DecantError(
      "SYSCALL",
      `Cannot ${what} "${displayPath(name)}": it needs ${needs}, which is refused at "${toText(path)}" (${String(errno)})`,
      {
        hint: "Use a folder on ext4, XFS, Btrfs or tmpfs: DECANT_ROOT names that of the store",
        details: { errno: String(errno) },
        cause: error,
      },
    );
  }
}

function isRefused(error: unknown): error is DecantError {
  return isDecantError(error, "SYSCALL") && NO_NODES.includes(error.details["errno"]);
}

/** Files belong to root of this user namespace by themselves. */
function giveOwner({ path, uid, gid }: Entry, give: (uid: number, gid: number) => void): void {
  if (uid === 0 && gid === 0) return;
  checkIds(`give "${displayPath(path)}" to its owner`, uid, [gid]);
  give(uid, gid);
}

/** Best effort (rule S126) but for capabilities, without which a program would lack rights in silence. */
function setAttributes(at: string | number, { xattrs }: Entry, dropped: Set<string>): void {
  if (xattrs === undefined) return;
  for (const [name, value] of xattrs) {
    try {
      setXattr(at, fromText(name), value);
    } catch (error) {
      const isTaken = !isDecantError(error, "SYSCALL") || !NOT_TAKEN.includes(error.details["errno"]);
      if (name === "security.capability" || isTaken) throw error;
      dropped.add(name);
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

/** The time of an entry as file systems can hold it. */
export function timeOf(entry: Pick<Entry, "mtimeSec" | "mtimeNsec">): { sec: number; nsec: number } {
  return { sec: Math.max(-(2 ** 31), Math.min(entry.mtimeSec, MAX_TIME)), nsec: entry.mtimeNsec };
}
