/** Paths of the host in bytes form, and reading files by them. Final symlinks are never followed, and others not in folders that somebody else may change. */
import { closeSync, constants, openSync } from "node:fs";
import { toBytes } from "../paths.ts";
import { errnoOf } from "../errors.ts";
import { type FileStat, inside, listInside, openInside, statInside } from "../sys/index.ts";
import { goneSinceListed, pathTooLong } from "./errors.ts";

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/** PATH_MAX without its NUL. */
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;

/**
 * A path in bytes form as node:fs takes it: a string where that means the same, which is faster. Throws `LIMIT` for one that the kernel does not
 * take: such a file can be there, made by steps from directory to directory.
 */
export function fsPath(path: string): string | Buffer {
  checkLength(path);
  return ASCII.test(path) ? path : toBytes(path);
}

// Without O_NONBLOCK a FIFO put in the file's place would block the whole process.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file for reading; the caller closes it. `root`: see `DataSource`. Throws Node's errors, ELOOP for a symlink, and for a parent that has become one
 * `ENOTDIR` or `ELOOP`.
 */
export function openForReading(path: string, root?: number): number {
  if (root === undefined) return openSync(fsPath(path), READ);
  checkLength(path);
  return openInside({ path, root }, READ);
}

/** `inside` of src/sys for a path in bytes form. Throws `LIMIT` for one that the kernel does not take: a step or a tar would not take it, either. */
export function inFolder<Result>(path: string, root: number, run: (path: string | Buffer) => Result): Result {
  checkLength(path);
  return inside({ path, root }, run);
}

/** `statInside` of src/sys. Throws `LIMIT`, too. */
export function statInFolder(path: string, root: number): FileStat | undefined {
  checkLength(path);
  return statInside({ path, root });
}

/** `listInside` of src/sys. Throws `LIMIT`, too. */
export function listFolder(path: string, root: number): ReturnType<typeof listInside> {
  checkLength(path);
  const found = listInside({ path, root });
  if (path.length + MAX_NAME_BYTES >= MAX_PATH_BYTES) for (const [name] of found) checkLength(`${path}/${name}`);
  return found;
}

function checkLength(path: string): void {
  if (path.length > MAX_PATH_BYTES) throw pathTooLong(path, MAX_PATH_BYTES);
}

/** What opening or reading a file says that has become nothing, a symlink, a socket, a FIFO or a directory, or is below such a thing. */
const GONE: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR", "ESPIPE"]);

/** What `read` gives of a file that was there when its folder was listed. Throws `CONTEXT` where it is gone, or something else. */
export function readListed<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (GONE.has(errnoOf(error))) throw goneSinceListed(path, error);
    throw error;
  }
}

/** One descriptor that stays open while reads go to the same file. */
export interface FileReader extends Disposable {
  /** A descriptor for the path, as `openForReading` gives it; valid until the next call. */
  open(path: string, root?: number): number;
}

/** Makes a reader; disposing closes its descriptor. */
export function createFileReader(): FileReader {
  let openPath: string | undefined;
  let fd = -1;
  const close = (): void => {
    if (fd >= 0) closeSync(fd);
    fd = -1;
    openPath = undefined;
  };
  return {
    open(path, root) {
      if (path === openPath) return fd;
      close();
      fd = openForReading(path, root);
      openPath = path;
      return fd;
    },
    [Symbol.dispose]: close,
  };
}
