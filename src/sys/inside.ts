/**
 * Calls on what is inside of a folder that somebody else may change meanwhile. Who names a file there by its whole path follows whatever a
 * parent has become since it was looked at. Here a parent is a descriptor, which was opened name by name from the folder down, following
 * nothing; the call has "/proc/self/fd/7/name". That works on every kernel, loads no native code, and costs one open for each directory:
 * openat2(2) would be a call by koffi for each file, which takes longer.
 */
import { closeSync, constants, lstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { errnoOf, InternalError } from "../errors.ts";
import { toBytes } from "../paths.ts";

/** A path in bytes form. The first `root` characters of it are the folder that it must not leave; that folder itself may be a symlink. */
export interface InsidePath {
  readonly path: string;
  readonly root: number;
}

/** An open directory. */
interface Opened {
  readonly fd: number;
  /** Its path with a slash, and what it is called by a descriptor. */
  readonly prefix: string;
  readonly short: string;
}

/** The open directories of one root, by their paths with a slash; the root's is the first. */
interface Folder {
  readonly root: number;
  readonly opened: Map<string, Opened>;
}

const DIRECTORY = 0o10000000 | constants.O_DIRECTORY;
/** Trees are read a directory after the other; this many levels are kept open. */
const MAX_OPEN = 64;
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/** Descriptors live until the event loop has its next turn, so that nobody must close anything. */
const folders = new Map<string, Folder>();
let last: { readonly folder: Folder; readonly parent: Opened } | undefined;

/**
 * Calls `run` with a path that leads to `inside` and nowhere else, also when a symlink takes the place of one of its parents in this moment;
 * `run` must use it at once, and must not follow its last name. That name may be ".". Throws what `run` throws, about the path as it was
 * given, and Node's errors for parents: `ENOENT`, `ENOTDIR` or `ELOOP` for one that is no directory (any more).
 */
export function inside<Result>({ path, root }: InsidePath, run: (path: string | Buffer) => Result): Result {
  const parent = parentOf(path, root);
  const short = parent.short + path.slice(parent.prefix.length);
  try {
    return run(ASCII.test(short) ? short : toBytes(short));
  } catch (error) {
    throw named(error, short, path);
  }
}

/** Removes what is at a path, with all that is in it; absent is fine. Symlinks are removed, never followed. Throws Node's errors. */
export function removeInside({ path, root }: InsidePath): void {
  const stat = inside({ path, root }, (short) => lstatSync(short, { throwIfNoEntry: false }));
  if (stat === undefined) return;
  if (!stat.isDirectory()) return unlessGone(() => inside({ path, root }, (short) => unlinkSync(short)));
  const names = inside({ path: `${path}/.`, root }, (short) => readdirSync(short, { encoding: "latin1" }));
  for (const name of names) removeInside({ path: `${path}/${name}`, root });
  unlessGone(() => inside({ path, root }, (short) => rmdirSync(short)));
}

function unlessGone(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** The directory that a path is in. */
function parentOf(path: string, root: number): Opened {
  if (last?.folder.root === root && path.startsWith(last.parent.prefix) && path.indexOf("/", last.parent.prefix.length) < 0)
    return last.parent;
  if (path[root] !== "/") throw new InternalError(`"${path}" is not inside of a folder`);
  const folder = folderOf(path.slice(0, root), root);
  const parent = openDirectory(folder, path.slice(0, path.lastIndexOf("/") + 1));
  last = { folder, parent };
  return parent;
}

function folderOf(rootPath: string, root: number): Folder {
  const known = folders.get(rootPath);
  if (known !== undefined) return known;
  if (folders.size === 0) setImmediate(closeAll);
  const folder: Folder = { root, opened: new Map() };
  keep(folder, `${rootPath}/`, openSync(toBytes(`${rootPath}/.`), DIRECTORY));
  folders.set(rootPath, folder);
  return folder;
}

function openDirectory(folder: Folder, prefix: string): Opened {
  const known = folder.opened.get(prefix);
  if (known !== undefined) return known;
  // The nearest parent that is open; the root is.
  let end = prefix.length;
  let from: Opened | undefined;
  while (from === undefined) {
    end = prefix.lastIndexOf("/", end - 2) + 1;
    from = folder.opened.get(prefix.slice(0, end));
  }
  for (; end < prefix.length;) {
    const next = prefix.indexOf("/", end);
    const name = prefix.slice(end, next);
    end = next + 1;
    if (name === "" || name === ".") continue;
    if (name === "..") throw new InternalError(`"${prefix}" has ".."`);
    from = keep(folder, prefix.slice(0, end), openNext(from, name));
  }
  return from;
}

function openNext(from: Opened, name: string): number {
  const short = from.short + name;
  try {
    return openSync(toBytes(short), DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw named(error, short, from.prefix + name);
  }
}

function keep(folder: Folder, prefix: string, fd: number): Opened {
  const made = { fd, prefix, short: `/proc/self/fd/${fd}/` };
  folder.opened.set(prefix, made);
  if (folder.opened.size <= MAX_OPEN) return made;
  let isRoot = true;
  for (const [key, oldest] of folder.opened) {
    // The last one stays, because a caller may have two at once: a link, and what it is to.
    if (!isRoot && oldest !== last?.parent) {
      folder.opened.delete(key);
      closeSync(oldest.fd);
      break;
    }
    isRoot = false;
  }
  return made;
}

function closeAll(): void {
  for (const { opened } of folders.values()) for (const { fd } of opened.values()) closeSync(fd);
  folders.clear();
  last = undefined;
}

/** An error tells of the path that a caller knows. */
function named(error: unknown, short: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  error.message = error.message.replaceAll(short, path);
  if ("path" in error && error.path === short) error.path = path;
  return error;
}
