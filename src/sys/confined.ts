/**
 * Opens a path as if a directory were "/": absolute paths, "..", and symlinks stay inside, also when another process changes the tree
 * meanwhile. openat2(2) with RESOLVE_IN_ROOT; where that is missing (Linux before 5.6, old seccomp profiles), a walk by descriptors.
 */
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { DecantError, errnoOf } from "../errors.ts";
import { fromBytes, toBytes } from "../paths.ts";
import { type BytePath, cString, shown } from "./byte-path.ts";
import { bind, errnoName, lastErrno } from "./libc.ts";

const SYS_OPENAT2 = 437;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const MAX_SYMLINKS = 40;
const MAX_RACES = 64;

const { EAGAIN, EINTR, ENOSYS, EPERM } = osConstants.errno;

const call = bind("long syscall(long number, long dirfd, const void *path, const void *how, size_t size)");

/**
 * Opens `path` below the directory that `rootFd` is open on, and gives a descriptor that the caller closes.
 * `flags` are those of open(2) (`fs.constants`); `O_CLOEXEC` is added; `O_NOFOLLOW` keeps from following a final symlink.
 * Throws `SYSCALL` with `details.errno`: "ENOENT", "ELOOP", "ENOTDIR", …
 */
export function openConfined(rootFd: number, path: BytePath, flags: number, mode = 0): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  // The kernel refuses a mode where nothing can be created.
  const creates = (flags & (constants.O_CREAT | O_TMPFILE)) !== 0;
  how.writeBigUInt64LE(BigInt(creates ? mode : 0), 8);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  for (let race = 0; race < MAX_RACES; race += 1) {
    const fd = call(SYS_OPENAT2, rootFd, cString(path.length === 0 ? "." : path), how, how.length);
    if (fd >= 0) return fd;
    const errno = lastErrno();
    // EAGAIN: a rename elsewhere made ".." undecidable.
    if (errno === EAGAIN || errno === EINTR) continue;
    if (errno !== ENOSYS && errno !== EPERM) throw openError(path, errnoName(errno));
    return openByWalking(rootFd, path, { flags, mode });
  }
  throw openError(path, "EAGAIN");
}

/** What `openConfined` does on kernels without openat2. */
export function openByWalking(rootFd: number, path: BytePath, options: { readonly flags: number; readonly mode?: number }): number {
  const { flags, mode = 0 } = options;
  const opened: number[] = [];
  const top = (): number => opened.at(-1) ?? rootFd;
  const parts = split(typeof path === "string" ? path : fromBytes(path));
  let symlinks = 0;
  try {
    for (;;) {
      const part = parts.shift();
      if (part === "..") {
        const fd = opened.pop();
        if (fd !== undefined) closeSync(fd);
        continue;
      }
      if (part === undefined) return openSync(`/proc/self/fd/${top()}/.`, flags);
      const last = parts.length === 0;
      const link = (flags & constants.O_NOFOLLOW) !== 0 && last ? undefined : readLink(top(), part);
      if (link !== undefined) {
        symlinks += 1;
        if (symlinks > MAX_SYMLINKS) throw openError(path, "ELOOP");
        if (link.startsWith("/")) for (const fd of opened.splice(0)) closeSync(fd);
        parts.unshift(...split(link));
      } else if (last) {
        return openSync(below(top(), part), flags | constants.O_NOFOLLOW, mode);
      } else {
        opened.push(openSync(below(top(), part), O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY));
      }
    }
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined || error instanceof DecantError ? error : openError(path, errno);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function below(fd: number, name: string): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), toBytes(name)]);
}

function readLink(fd: number, name: string): string | undefined {
  try {
    return fromBytes(readlinkSync(below(fd, name), { encoding: "buffer" }));
  } catch (error) {
    // EINVAL: not a symlink. ENOENT: the open that follows says so, or creates it.
    const errno = errnoOf(error);
    if (errno === "EINVAL" || errno === "ENOENT") return undefined;
    throw error;
  }
}

function openError(path: BytePath, errno: string): DecantError {
  return new DecantError("SYSCALL", `Cannot open "${shown(path)}": ${errno}`, { details: { errno } });
}
