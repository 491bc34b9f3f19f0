/**
 * Calls on what is inside of a folder that somebody else may change meanwhile. Who names a file there by its whole path follows whatever a
 * parent has become since it was looked at. Here a parent is a descriptor, which was opened name by name from the folder down, following
 * nothing, as openat2(2) does with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; but that is done once for each directory, not for each file, and
 * on every kernel. Calls have the descriptor and a name: by libc, or by node:fs as "/proc/self/fd/7/name".
 */
import { closeSync, constants, lstatSync, openSync, readdirSync, rmdirSync, type Stats, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { errnoOf, InternalError } from "../errors.ts";
import { fromText, toBytes } from "../paths.ts";
import { cString } from "./byte-path.ts";
import { bind, isLoaded } from "./libc.ts";

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

/** What a walk needs of lstat(2). */
export type FileStat = Pick<Stats, "dev" | "ino" | "mode" | "nlink" | "uid" | "gid" | "rdev" | "size" | "mtimeMs" | "ctimeMs">;

const O_CLOEXEC = 0o2000000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;
const DIRECTORY = 0o10000000 | constants.O_DIRECTORY;
/** Trees are read a directory after the other; this many levels are kept open. */
const MAX_OPEN = 64;
/** From so many calls on, loading native code for them takes less than it saves. */
const MANY_STATS = 2048;
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x01-\x7f]*$/;

const openAt = bind("int openat(int fd, const char *path, int flags, unsigned int mode)");
const statAt = bind("int statx(int fd, const char *path, int flags, unsigned int mask, void *result)");
const statBytes = Buffer.alloc(STATX_BYTES);
const statWords = new Uint32Array(statBytes.buffer, statBytes.byteOffset, STATX_BYTES / 4);
let statCount = 0;

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

/** Opens what is inside, as `inside` with `openSync` does, in half the time. Its last name is not followed. Throws the same. */
export function openInside(at: InsidePath, flags: number): number {
  const parent = parentOf(at.path, at.root);
  const fd = openAt(parent.fd, nameFor(at.path.slice(parent.prefix.length)), flags | constants.O_NOFOLLOW | O_CLOEXEC, 0);
  // Node's errors say more.
  return fd >= 0 ? fd : inside(at, (short) => openSync(short, flags | constants.O_NOFOLLOW));
}

/** What lstat(2) says of what is inside; undefined for nothing. Throws Node's errors of parents. */
export function statInside({ path, root }: InsidePath): FileStat | undefined {
  const parent = parentOf(path, root);
  return statBelow(parent, path.slice(parent.prefix.length));
}

/** The names in a directory, in the order of their bytes, each with what lstat(2) says of it; those that are gone meanwhile are left out. Throws Node's errors. */
export function listInside({ path, root }: InsidePath): (readonly [name: string, stat: FileStat])[] {
  const parent = parentOf(`${path}/`, root);
  const found: (readonly [string, FileStat])[] = [];
  // Without slashes the order of parts is the order of strings.
  for (const name of namesIn(parent).sort()) {
    const stat = statBelow(parent, name);
    if (stat !== undefined) found.push([name, stat]);
  }
  return found;
}

function namesIn({ short, prefix }: Opened): string[] {
  const path = `${short}.`;
  try {
    return readdirSync(path, { encoding: "latin1" });
  } catch (error) {
    throw named(error, path, prefix.slice(0, -1));
  }
}

function statBelow(parent: Opened, name: string): FileStat | undefined {
  if (isLoaded() || statCount > MANY_STATS) {
    if (statAt(parent.fd, nameFor(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBytes) === 0) return statOf();
  } else statCount += 1;
  // Node's errors say more.
  const short = parent.short + name;
  try {
    return lstatSync(ASCII.test(short) ? short : toBytes(short), { throwIfNoEntry: false });
  } catch (error) {
    throw named(error, short, parent.prefix + name);
  }
}

function nameFor(name: string): string | Buffer {
  return ASCII.test(name) ? name : cString(name);
}

/** struct statx, which is the same on all processors; times as Node computes them. */
function statOf(): FileStat {
  const u32 = (at: number): number => statWords[at / 4] ?? 0;
  const u64 = (at: number): number => u32(at) + u32(at + 4) * 2 ** 32;
  const time = (at: number): number => (u32(at) + (u32(at + 4) | 0) * 2 ** 32) * 1000 + u32(at + 8) / 1e6;
  return {
    nlink: u32(16),
    uid: u32(20),
    gid: u32(24),
    mode: u32(28) & 0xffff,
    ino: u64(32),
    size: u64(40),
    ctimeMs: time(96),
    mtimeMs: time(112),
    rdev: joinNumbers(u32(128), u32(132)),
    dev: joinNumbers(u32(136), u32(140)),
  };
}

/** As the kernel and Node have it in one number. */
function joinNumbers(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8)) + (minor >>> 8) * 2 ** 20 + Math.floor(major / 4096) * 2 ** 44;
}

/** Removes what is at a path, with all that is in it; absent is fine. Symlinks are removed, never followed. Throws Node's errors. */
export function removeInside({ path, root }: InsidePath): void {
  const stat = inside({ path, root }, (short) => lstatSync(short, { throwIfNoEntry: false }));
  if (stat === undefined) return;
  if (!stat.isDirectory()) return unlessGone(() => inside({ path, root }, (short) => unlinkSync(short)));
  const names = inside({ path: `${path}/.`, root }, (short) => readdirSync(short, { encoding: "latin1" }));
  for (const name of names) removeInside({ path: `${path}/${name}`, root });
  forget(`${path}/`, root);
  unlessGone(() => inside({ path, root }, (short) => rmdirSync(short)));
}

/** Removes a file or folder of this machine (UTF-16), as `removeInside`; its parent is the user's, and is followed. */
export function removeWhole(path: string): void {
  const parent = fromText(dirname(path)).replace(/\/+$/, "");
  removeInside({ path: `${parent}/${fromText(basename(path))}`, root: parent.length });
}

/** A directory that goes is not kept open: the next one of its name is another. */
function forget(prefix: string, root: number): void {
  const opened = folders.get(prefix.slice(0, root))?.opened;
  const gone = opened?.get(prefix);
  if (opened === undefined || gone === undefined || prefix.length === root + 1) return;
  opened.delete(prefix);
  closeSync(gone.fd);
  if (last?.parent === gone) last = undefined;
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

/** Lets go of what is open of a folder (bytes form): another one may have taken its place in this turn. */
export function reopenInside(root: string): void {
  const folder = folders.get(root);
  if (folder === undefined) return;
  folders.delete(root);
  for (const { fd } of folder.opened.values()) closeSync(fd);
  if (last?.folder === folder) last = undefined;
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
