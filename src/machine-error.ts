/** What the machine refuses, wherever it does so: a failing disk, a full one, too many open files. It is no bug of ours, and a sentence says it. */
import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import { DecantError, isDecantError } from "./errors.ts";

/** Errors that any call may meet. All others mean that something was not foreseen. */
const HINTS: Readonly<Record<string, string>> = {
  EIO: "Look into the kernel's log (dmesg): the disk may be failing",
  ENOSPC: "Free some space, e.g. run: decant prune",
  EDQUOT: "Free some space, or raise the quota",
  EMFILE: "Allow more open files, e.g. run: ulimit -n 4096",
  ENFILE: "The machine has too many open files: end what you do not need",
  ENOMEM: "Free some memory, or add some",
  EROFS: "Make the file system writable, or use another one",
  ESTALE: "Mount the network file system again",
};

/** Such an error as `SYSCALL`, those that happened at clean-up too; every other one as it is. */
export function machineError(error: unknown): unknown {
  if (error instanceof SuppressedError) return new SuppressedError(machineError(error.error), machineError(error.suppressed));
  if (!(error instanceof Error) || isDecantError(error) || !("errno" in error) || typeof error.errno !== "number") return error;
  // Negative from libuv, positive from std::filesystem, which rm takes.
  const number = -Math.abs(error.errno);
  const errno = getSystemErrorName(number);
  const hint = HINTS[errno];
  if (hint === undefined) return error;
  const call = "syscall" in error && typeof error.syscall === "string" ? error.syscall : "use a file";
  const place = "path" in error && typeof error.path === "string" ? ` "${error.path}"` : "";
  const state = getSystemErrorMessage(number);
  return new DecantError("SYSCALL", `Cannot ${call}${place}: ${state} (${errno})`, { hint, cause: error, details: { errno } });
}
