/**
 * Folders and files for what is temporary outside of a store: in TMPDIR or beside what they become, for this user alone, held by a lock that vanishes
 * with the process. Who comes later removes those of processes that were killed.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryFlock } from "./flock.ts";

/** Disposing removes it. */
export interface TemporaryFolder extends Disposable, AsyncDisposable {
  readonly path: string;
}

const NAME = /^\.?decant\.[a-z]+\.\w{6}$/;
// Not followed, and not waited for: somebody may have put a pipe there.
const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Makes one in TMPDIR; `kind` (small letters) is part of its name. Throws Node's errors, `SYSCALL`. */
export function makeTemporaryFolder(kind: string): TemporaryFolder {
  return folderAt(join(tmpdir(), `decant.${kind}.`));
}

/** Makes a hidden one in `parent`, for what takes its place there when it is complete. Throws Node's errors. */
export function makeFolderBeside(parent: string): TemporaryFolder {
  return folderAt(join(parent, ".decant.new."));
}

/** A name for a file in `parent`, hidden. Whoever makes it holds it with `holdFile`. */
export function nameBeside(parent: string): string {
  return join(parent, `.decant.new.${randomBytes(3).toString("hex")}`);
}

/** Keeps a file that has a `nameBeside` from being swept until it is closed. False when it is gone by then. */
export function holdFile(path: string, fd: number): boolean {
  return holds(path, fd) !== "no";
}

function folderAt(prefix: string): TemporaryFolder {
  for (;;) {
    const path = mkdtempSync(prefix);
    const fd = openSync(path, LOOK | constants.O_DIRECTORY);
    if (holds(path, fd) === "no") {
      // In between, it was taken for one that nobody holds.
      closeSync(fd);
      continue;
    }
    let isHeld = true;
    const release = (): void => {
      if (isHeld) closeSync(fd);
      isHeld = false;
    };
    return {
      path,
      [Symbol.dispose]() {
        rmSync(path, { recursive: true, force: true });
        release();
      },
      async [Symbol.asyncDispose]() {
        await rm(path, { recursive: true, force: true });
        release();
      },
    };
  }
}

/** Removes from `parent` (default: TMPDIR) what this user's processes left that are gone. What cannot be removed stays. */
export async function sweepTemporaryFolders(parent: string = tmpdir()): Promise<void> {
  for (const name of namesIn(parent)) if (NAME.test(name)) await sweep(join(parent, name));
}

async function sweep(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  // What others put there is not ours to look into.
  if (found === undefined || found.uid !== process.getuid?.() || !(found.isDirectory() || found.isFile())) return;
  let fd: number | undefined;
  try {
    fd = openSync(path, LOOK);
    if (holds(path, fd) === "yes") await rm(path, { recursive: true, force: true });
  } catch {
    // The next one tries again.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Takes the lock of what is open. "no": somebody else has it, or another one is at `path` by now. "unknown": this file system has no locks. */
function holds(path: string, fd: number): "yes" | "no" | "unknown" {
  let isLocked: boolean;
  try {
    isLocked = tryFlock(fd, "exclusive");
  } catch {
    return "unknown";
  }
  return isLocked && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino ? "yes" : "no";
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Then nothing of ours is there, either.
    return [];
  }
}
