/** utimensat(2): times to the nanosecond, which Node's floating-point seconds cannot say. */
import { type BytePath, cString, shown } from "./byte-path.ts";
import { bind, check } from "./libc.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

const call = bind("int utimensat(int dirfd, const void *path, const void *times, int flags)");
const setOpen = bind("int futimens(int fd, const void *times)");
const times = Buffer.alloc(32);

/** A point in time; seconds may be negative, `nsec` is 0 to 999 999 999. */
export interface FileTime {
  readonly sec: number;
  readonly nsec: number;
}

/** Sets modification and access time of an open file, or of the path itself, also of a symlink. Throws `SYSCALL`. */
export function setTimes(at: BytePath | number, time: FileTime): void {
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(BigInt(time.sec), offset);
    times.writeBigInt64LE(BigInt(time.nsec), offset + 8);
  }
  if (typeof at === "number") check(setOpen(at, times), "set the times of an open file");
  else check(call(AT_FDCWD, cString(at), times, AT_SYMLINK_NOFOLLOW), `set the times of "${shown(at)}"`);
}
