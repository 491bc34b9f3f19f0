/**
 * Files and folders outside of a store that get their name when they are whole. Until then they are beside it, held by a lock that vanishes with the
 * process. Who comes later removes those of processes that were killed.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDecantError } from "../errors.ts";
import { tryFlock } from "./flock.ts";
import { removeWhole } from "./inside.ts";

/** Disposing gives up the lock, and leaves what is there. */
interface Unfinished extends Disposable {
  readonly path: string;
}

const PREFIX = ".decant-";
const NAME = /^\.decant-[0-9a-f]{12}$/;
const OURS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Makes a new empty file (mode 0666, umask) or folder (0700) in `parent`, and removes first what nobody holds there any more. Throws Node's errors. */
export function makeUnfinished(parent: string, kind: "file" | "folder"): Unfinished {
  sweepUnfinished(parent);
  for (;;) {
    const path = join(parent, PREFIX + randomBytes(6).toString("hex"));
    const fd = kind === "file" ? openSync(path, "wx", 0o666) : openFolder(path);
    // In between, it may have been taken for one that nobody holds.
    if (lock(fd) !== "others" && isAt(fd, path)) return { path, [Symbol.dispose]: () => closeSync(fd) };
    closeSync(fd);
    rmSync(path, { recursive: true, force: true });
  }
}

function openFolder(path: string): number {
  mkdirSync(path, { mode: 0o700 });
  return openSync(path, OURS);
}

/** What cannot be removed stays. */
function sweepUnfinished(parent: string): void {
  for (const name of namesIn(parent)) {
    if (!NAME.test(name)) continue;
    const path = join(parent, name);
    try {
      if (lstatSync(path).uid === process.getuid?.()) sweepOne(path);
    } catch {
      // It is gone, or the next one tries again.
    }
  }
}

function sweepOne(path: string): void {
  const fd = openSync(path, OURS);
  try {
    if (lock(fd) === "ours" && isAt(fd, path)) removeWhole(path);
  } finally {
    closeSync(fd);
  }
}

/** Some file systems have no locks: then nothing is swept. */
function lock(fd: number): "ours" | "others" | "none" {
  try {
    return tryFlock(fd, "exclusive") ? "ours" : "others";
  } catch (error) {
    if (isDecantError(error, "SYSCALL")) return "none";
    throw error;
  }
}

function isAt(fd: number, path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    // Who makes something there hears why.
    return [];
  }
}
