/** flock(2): locks that belong to an open file and vanish with its last descriptor, so with the process too. */
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { delay } from "../async.ts";
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

const POLL_MS = 5;

/**
 * Waits for the lock of a folder, which leaves no file behind: for a moment's work on a file in it. Throws `SYSCALL`, what `open` throws, and the
 * signal's reason.
 */
export async function lockFolder(path: string, signal: AbortSignal | undefined): Promise<AsyncDisposable> {
  const fd = openSync(path, "r");
  try {
    while (!tryFlock(fd, "exclusive")) await delay(POLL_MS, signal);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      closeSync(fd);
    },
  };
}
