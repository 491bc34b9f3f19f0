/**
 * Makes directories. Node's own `recursive` tries for ever where the kernel says ENOENT of a directory that is there, as below /proc, and no signal
 * ends it; so nothing else makes directories with their parents.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../errors.ts";

/** How they are made. */
interface FolderOptions {
  /** Less the umask. Default 0o777. */
  readonly mode?: number | undefined;
}

/**
 * Makes the directory `path`, and those above it that are missing. One that is there stays as it is. Throws Node's errors: `EEXIST` and `ENOTDIR` for
 * something else in the way, `ENOENT` where the file system lets nobody make any.
 */
export function makeFolders(path: string, { mode = 0o777 }: FolderOptions = {}): void {
  try {
    makeFolder(path, mode);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolders(dirname(path), { mode });
    makeFolder(path, mode);
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
