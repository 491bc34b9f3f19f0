/** The working directory, which may be gone. */
import { isAbsolute, resolve } from "node:path";
import { DecantError, errnoOf } from "./errors.ts";

/** The absolute path of the working directory. Throws `NOT_FOUND` when it was removed. */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    if (errnoOf(cause) !== "ENOENT") throw cause;
    throw new DecantError("NOT_FOUND", "Cannot use the working directory: it was removed", {
      hint: "Change to a directory that is there, with cd",
      cause,
    });
  }
}

/** `path` from the working directory. Throws `NOT_FOUND` for a relative path when it was removed. */
export function fromWorkingDirectory(path: string): string {
  return isAbsolute(path) ? resolve(path) : resolve(workingDirectory(), path);
}
