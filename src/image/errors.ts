/** Errors of the image room, and the one translation of failed writes into sentences. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { DecantError, errnoOf } from "../errors.ts";

/** `EXPORT`: an output could not be written. */
export function exportError(
  what: string,
  target: string,
  state: string,
  options: { hint?: string | undefined; cause?: unknown } = {},
): DecantError {
  return new DecantError("EXPORT", `Cannot ${what} "${target}": ${state}`, options);
}

const REASONS: Readonly<Record<string, readonly [state: string, hint: string | undefined]>> = {
  ENOSPC: ["no space is left on that file system", "Free some space, or write to another file system"],
  EDQUOT: ["the disk quota is used up", "Free some space, or write to another file system"],
  EROFS: ["that file system is read-only", "Choose another destination"],
  EACCES: ["permission is denied", "Choose a destination that you may write to"],
  EPERM: ["permission is denied", "Choose a destination that you may write to"],
  ENOENT: ["its folder does not exist", "Create the folder first"],
  ENOTDIR: ["a part of its path is not a directory", "Choose another destination"],
  EISDIR: ["it is a directory; a file was wanted", "Name a file, or use a type that writes directories"],
  EEXIST: ["something else is in its place", "Remove it, or choose another destination"],
  ENAMETOOLONG: ["its name is longer than that file system allows", "Choose a shorter name"],
  ELOOP: ["its path has too many symbolic links", "Choose another destination"],
  ETXTBSY: ["it is a program that runs", "End that program, or choose another destination"],
  EBUSY: ["it is in use", "Choose another destination"],
  EFBIG: ["the file is larger than that file system allows", "Write to another file system"],
};

const UNMADE = ["nothing can be made in its folder", "Choose another destination"] as const;

/** A system error while writing `target` as `EXPORT`; every other error, ours and aborts included, as it is. */
export function writeError(what: string, target: string, error: unknown): unknown {
  const errno = error instanceof DecantError ? systemErrno(error) : errnoOf(error);
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return error;
  // Where a file system makes its files itself, as in /proc, the kernel has this word for every other name.
  const isMade = errno === "ENOENT" && existsSync(dirname(target));
  const [state, hint] = isMade ? UNMADE : (REASONS[errno] ?? [errno, undefined]);
  return exportError(what, target, state, { cause: errnoAlone(errno, error), hint });
}

/** The error as the cause of ours, which names the destination: the path that it failed at may be a temporary one, which nobody has typed. */
function errnoAlone(errno: string, error: unknown): Error {
  const call = error instanceof Error && "syscall" in error && typeof error.syscall === "string" ? ` (${error.syscall})` : "";
  return Object.assign(new Error(`${errno}${call}`), { code: errno });
}

/** The errno of a failed system call of src/sys. */
function systemErrno(error: DecantError): string | undefined {
  const errno = error.code === "SYSCALL" ? error.details["errno"] : undefined;
  return typeof errno === "string" ? errno : undefined;
}
