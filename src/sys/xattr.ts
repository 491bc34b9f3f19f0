/** Extended attributes of a path itself, never of what a symlink points to (xattr(7)). Names are in one-char-per-byte form. */
import { constants } from "node:os";
import { fromBytes } from "../paths.ts";
import { type BytePath, cString, shown } from "./byte-path.ts";
import { bind, check, lastErrno, syscallError } from "./libc.ts";

const get = bind("long lgetxattr(const void *path, const void *name, void *value, size_t size)");
const set = bind("int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)");
const setOpen = bind("int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)");
const list = bind("long llistxattr(const void *path, void *list, size_t size)");

/** The kernel's bound for a value and for a list of names: one call is always enough. */
const MAX_BYTES = 65_536;
let buffer: Buffer | undefined;

/** The value, or undefined when there is none or the file system has no attributes. Throws `SYSCALL`. */
export function getXattr(path: BytePath, name: string): Buffer | undefined {
  buffer ??= Buffer.allocUnsafeSlow(MAX_BYTES);
  const length = get(cString(path), cString(name), buffer, MAX_BYTES);
  if (length >= 0) return Buffer.from(buffer.subarray(0, length));
  const errno = lastErrno();
  if (isAbsent(errno)) return undefined;
  throw syscallError(`read attribute "${name}" of "${shown(path)}"`, errno);
}

/** Sets or replaces a value of a path or an open file. Throws `SYSCALL`, with `details.errno` "ENOTSUP" or "EPERM" where the file system or our rights do not allow it. */
export function setXattr(at: BytePath | number, name: string, value: Uint8Array): void {
  // An empty buffer has no address.
  const bytes = value.byteLength === 0 ? Buffer.alloc(1) : value;
  if (typeof at === "number") check(setOpen(at, cString(name), bytes, value.byteLength, 0), `set attribute "${name}" of an open file`);
  else check(set(cString(at), cString(name), bytes, value.byteLength, 0), `set attribute "${name}" of "${shown(at)}"`);
}

/** Names of all attributes that we may see; none where the file system has no attributes. Throws `SYSCALL`. */
export function listXattrs(path: BytePath): string[] {
  buffer ??= Buffer.allocUnsafeSlow(MAX_BYTES);
  const length = list(cString(path), buffer, MAX_BYTES);
  if (length === 0) return [];
  if (length > 0) return fromBytes(buffer.subarray(0, length - 1)).split("\0");
  const errno = lastErrno();
  if (isAbsent(errno)) return [];
  throw syscallError(`list the attributes of "${shown(path)}"`, errno);
}

/** All attributes whose name passes `wanted` (default: all), sorted by name. Throws `SYSCALL`. */
export function readXattrs(path: BytePath, wanted: (name: string) => boolean = () => true): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const name of listXattrs(path).filter(wanted).toSorted()) {
    const value = getXattr(path, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function isAbsent(errno: number): boolean {
  return errno === constants.errno.ENODATA || errno === constants.errno.ENOTSUP;
}
