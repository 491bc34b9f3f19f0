/**
 * Whether anybody can change an open file without its time changing: the kernel sets the time when a page of a writable mapping is first
 * written to, and not again while the page waits for the disk. A lease for readers is refused while somebody has the file open for writing.
 */
import { constants } from "node:os";
import { bind, lastErrno } from "./libc.ts";

const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
const { EAGAIN } = constants.errno;
const { SIGURG } = constants.signals;

const call = bind("int fcntl(int fd, int command, long argument)");

/**
 * Has another process, or this one, the file of `fd` (open for reading) open for writing, or mapped so? False as well where nobody can tell: a
 * file of another user, a file system without leases.
 */
export function hasWriters(fd: number): boolean {
  // Who opens it for writing in this moment has us told by a signal, which must not be one that ends us.
  call(fd, F_SETSIG, SIGURG);
  if (call(fd, F_SETLEASE, F_RDLCK) < 0) return lastErrno() === EAGAIN;
  call(fd, F_SETLEASE, F_UNLCK);
  return false;
}
