/**
 * Folders for temporary files outside of a store: in TMPDIR, for this user alone, held by a lock that vanishes with the process. Who comes later
 * removes those of processes that were killed.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../errors.ts";
import { tryFlock } from "./flock.ts";

/** Disposing removes it. */
export interface TemporaryFolder extends Disposable, AsyncDisposable {
  readonly path: string;
}

const NAME = /^decant\.[a-z]+\.\w{6}$/;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Makes one; `kind` (small letters) is part of its name. Throws Node's errors, `SYSCALL`. */
export function makeTemporaryFolder(kind: string): TemporaryFolder {
  for (;;) {
    const path = mkdtempSync(join(tmpdir(), `decant.${kind}.`));
    const fd = openLocked(path);
    // In between, it may have been taken for one that nobody holds.
    if (fd === undefined) continue;
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

/** Removes the folders of this user's processes that are gone. One that cannot be removed stays. */
export async function sweepTemporaryFolders(): Promise<void> {
  const parent = tmpdir();
  for (const name of namesIn(parent)) {
    if (!NAME.test(name)) continue;
    const path = join(parent, name);
    // What others put there is not ours to look into.
    if (lstatSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    const fd = openLocked(path);
    if (fd === undefined) continue;
    try {
      await rm(path, { recursive: true, force: true });
    } catch {
      // The next one tries again.
    } finally {
      closeSync(fd);
    }
  }
}

/** The directory, open and locked; undefined when somebody else has it, or it is another one by now. */
function openLocked(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR" || errnoOf(error) === "ELOOP" || errnoOf(error) === "EACCES")
      return undefined;
    throw error;
  }
  if (tryFlock(fd, "exclusive") && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd;
  closeSync(fd);
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Then nothing of ours is there, either.
    return [];
  }
}
