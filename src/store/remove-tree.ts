/**
 * Removes a directory whatever is in it: names that are not UTF-8, modes without rights, devices, immutable files, paths longer than the
 * kernel takes. Symlinks are removed, never followed; nothing is removed through a mount.
 */
import { chmodSync, type Dirent, lstatSync, readdirSync, readFileSync, realpathSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { errnoOf } from "../errors.ts";
import { clearProtectedFlags, isRootHere, runInUserNamespace } from "../sys/index.ts";
import { mountedBelow } from "./errors.ts";

/** The event loop lives on between two slices of this many removals. */
const SLICE = 200;
/** Well under PATH_MAX, with room for one name. */
const LONG_PATH_BYTES = 3500;
const MAX_ATTEMPTS = 5;
const SLASH = Buffer.from("/");

interface Pending {
  readonly path: Buffer;
  /** Its entries were removed or are pending above it. */
  listed: boolean;
  attempts: number;
}

/**
 * Removes `path` (a file or a directory; absent is fine) and gives the bytes that it took on the disk, when `measure` is set, else 0.
 * Stopping by `signal` leaves a part of it. Throws `STORE` when something is mounted inside, else Node's errors.
 */
export async function removeTree(
  path: string,
  options: { readonly signal?: AbortSignal | undefined; readonly measure?: boolean } = {},
): Promise<number> {
  refuseMounts(path);
  try {
    return await removeOwn(path, options);
  } catch (error) {
    if (isRootHere() || (errnoOf(error) !== "EACCES" && errnoOf(error) !== "EPERM")) throw error;
  }
  return await removeAsNamespaceRoot(path, options.measure === true);
}

/** Prints how many blocks of 512 bytes it takes. */
const REMOVE_SCRIPT = 'du -sx -B512 -- "$0" 2>/dev/null | cut -f1; exec rm -rf --one-file-system -- "$0"';

/** What steps left belongs to ids that only root of our user namespace may act for. */
async function removeAsNamespaceRoot(path: string, measure: boolean): Promise<number> {
  const output = await runInUserNamespace(["/bin/sh", "-c", REMOVE_SCRIPT, path]);
  return measure ? Number.parseInt(output.toString("latin1"), 10) * 512 || 0 : 0;
}

async function removeOwn(
  path: string,
  options: { readonly signal?: AbortSignal | undefined; readonly measure?: boolean },
): Promise<number> {
  const root = Buffer.from(path);
  const pending: Pending[] = [];
  let freedBytes = 0;
  let moved = 0;
  let steps = 0;
  const removeFile = (file: Buffer): void => {
    if (options.measure === true) {
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (found !== undefined && found.nlink === 1) freedBytes += found.blocks * 512;
    }
    insist(file, () => unlinkSync(file));
  };
  const first = lstatSync(root, { throwIfNoEntry: false });
  if (first === undefined) return 0;
  if (first.isDirectory()) pending.push({ path: root, listed: false, attempts: 0 });
  else removeFile(root);

  for (let last = pending.at(-1); last !== undefined; last = pending.at(-1)) {
    if (last.listed) {
      pending.pop();
      if (!removeEmptied(last)) pending.push(last);
      continue;
    }
    last.listed = true;
    for (const entry of listDirectory(last.path)) {
      steps += 1;
      if (steps % SLICE === 0) {
        await setImmediate();
        options.signal?.throwIfAborted();
      }
      const child = Buffer.concat([last.path, SLASH, entry.name]);
      if (!entry.isDirectory()) removeFile(child);
      else if (child.length < LONG_PATH_BYTES) pending.push({ path: child, listed: false, attempts: 0 });
      else {
        moved += 1;
        const nearer = Buffer.from(`${path}/.decant-deep-${moved}`);
        insist(child, () => renameSync(child, nearer));
        pending.splice(1, 0, { path: nearer, listed: false, attempts: 0 });
      }
    }
  }
  return freedBytes;
}

/** False when there is more in it by now: it is to be listed again. */
function removeEmptied(directory: Pending): boolean {
  try {
    insist(directory.path, () => rmdirSync(directory.path));
    return true;
  } catch (error) {
    directory.attempts += 1;
    if (errnoOf(error) !== "ENOTEMPTY" || directory.attempts === MAX_ATTEMPTS) throw error;
    directory.listed = false;
    return false;
  }
}

function listDirectory(path: Buffer): Dirent<Buffer>[] {
  let entries: Dirent<Buffer>[] = [];
  insist(path, () => {
    entries = readdirSync(path, { encoding: "buffer", withFileTypes: true });
  });
  return entries;
}

/** Does `action` on `path`; when it is refused, takes away what may refuse it (modes, flags) and does it again. Absent is fine. */
function insist(path: Buffer, action: () => void): void {
  try {
    action();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return;
    if (errno !== "EACCES" && errno !== "EPERM") throw error;
    for (const one of [path.subarray(0, path.lastIndexOf(47)), path]) giveRights(one);
    action();
  }
}

function giveRights(path: Buffer): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !(found.isDirectory() || found.isFile())) return;
  try {
    // Before the mode: an immutable file's mode cannot change. Opening needs a right to read, which root has and an owner can give.
    if (isRootHere()) clearProtectedFlags(path);
    if (found.isDirectory()) chmodSync(path, (found.mode & 0o7777) | 0o700);
  } catch {
    // The action that comes next says what is wrong.
  }
}

/** A bind mount that was left behind would have us remove somebody's files. */
function refuseMounts(path: string): void {
  const real = realParent(path);
  if (real === undefined) return;
  for (const line of readFileSync("/proc/self/mountinfo", "latin1").split("\n")) {
    const field = line.split(" ", 5)[4];
    if (field === undefined) continue;
    const mount = Buffer.from(
      field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      "latin1",
    ).toString();
    if (mount === real || mount.startsWith(`${real}/`)) throw mountedBelow(path, mount);
  }
}

function realParent(path: string): string | undefined {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
