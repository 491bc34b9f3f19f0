/** The "immutable" and "append only" flags of a file (chattr(1)), which keep even root from removing it. */
import { closeSync, constants, openSync } from "node:fs";
import { bind, check } from "./libc.ts";

const GET_FLAGS = 0x80086601;
const SET_FLAGS = 0x40086602;
const APPEND = 0x20;
const IMMUTABLE = 0x10;

const call = bind("int ioctl(int fd, unsigned long request, void *argument)");

/** Clears both flags of a file or directory; true when one was set. Throws `SYSCALL` ("EPERM" without the rights), or Node's error when it cannot be opened. */
export function clearProtectedFlags(path: Buffer | string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const flags = new Uint32Array(2);
    // Not every file system has flags.
    if (call(fd, GET_FLAGS, flags) < 0) return false;
    const before = flags[0] ?? 0;
    if ((before & (APPEND | IMMUTABLE)) === 0) return false;
    flags[0] = before & ~(APPEND | IMMUTABLE);
    check(call(fd, SET_FLAGS, flags), `clear the flags of "${String(path)}"`);
    return true;
  } finally {
    closeSync(fd);
  }
}
