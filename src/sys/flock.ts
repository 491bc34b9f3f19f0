/** flock(2): locks that belong to an open file and vanish with its last descriptor, so with the process too. */
import { constants } from "node:os";
import { bind, lastErrno, syscallError } from "./libc.ts";

const { EINTR, EWOULDBLOCK } = constants.errno;

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

const call = bind("int flock(int fd, int operation)");

/**
 * Takes or converts the lock of an open file without waiting; false when somebody else has it. Another `open` of the same file is
 * somebody else, in this process too. A failed conversion may have lost the lock that was held. Throws `SYSCALL`.
 */
export function tryFlock(fd: number, mode: "shared" | "exclusive"): boolean {
  const operation = (mode === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB;
  for (;;) {
    if (call(fd, operation) >= 0) return true;
    const errno = lastErrno();
    if (errno === EWOULDBLOCK) return false;
    if (errno !== EINTR) throw syscallError(`take a ${mode} lock`, errno);
  }
}
