/**
 * A sandbox's own place in the state directory, held by a lock that vanishes with the process, and the removal of places whose process
 * is gone. Their mounts and processes went with them already; what is left are work directories of overlays.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { delay } from "../../async.ts";
import { errnoOf } from "../../errors.ts";
import { removeTree } from "../../store/index.ts";
import { makeFolders, textIfThere, tryFlock } from "../../sys/index.ts";

/** A locked directory; disposing removes it. */
export interface Instance extends AsyncDisposable {
  /** Unique on this machine. */
  readonly name: string;
  readonly path: string;
}

const PREFIX = "decant-";
const LOCK = ".lock";
const CGROUPS = "/sys/fs/cgroup";
/** Tells who comes later where the cgroups are: one folder a line. */
const CGROUPS_FILE = "cgroups";
const REMOVAL_TRIES = 20;
const REMOVAL_PAUSE_MS = 5;

/**
 * Makes and locks a directory below `stateDir`, which is made when missing. `cgroups`: folders, below those of the controllers, where cgroups
 * may come to be whose names begin with the instance's.
 */
export function createInstance(stateDir: string, cgroups: readonly string[] = []): Instance {
  makeFolders(stateDir, { mode: 0o700 });
  const { name, fd } = lockNew(stateDir);
  const path = join(stateDir, name);
  mkdirSync(path, { mode: 0o700 });
  if (cgroups.length > 0) writeFileSync(join(path, CGROUPS_FILE), cgroups.join("\n"));
  return {
    name,
    path,
    async [Symbol.asyncDispose]() {
      await removeInstance(stateDir, name);
      closeSync(fd);
    },
  };
}

/** Removes what dead processes left in `stateDir`; gives the number of places. What living processes use stays. */
export async function sweepSandboxes(stateDir: string): Promise<number> {
  let swept = 0;
  for (const file of namesIn(stateDir)) {
    if (!file.startsWith(PREFIX) || !file.endsWith(LOCK)) continue;
    const fd = openIfThere(join(stateDir, file));
    if (fd === undefined) continue;
    try {
      if (!tryFlock(fd, "exclusive")) continue;
      await removeInstance(stateDir, file.slice(0, -LOCK.length));
      swept += 1;
    } finally {
      closeSync(fd);
    }
  }
  return swept;
}

/** The lock file goes last: as long as it is there, somebody will come back for the rest. */
async function removeInstance(stateDir: string, name: string): Promise<void> {
  const cgroups = textIfThere(join(stateDir, name, CGROUPS_FILE));
  await removeTree(join(stateDir, name));
  for (const folder of new Set(["", ...cgroups.split("\n")])) await removeCgroups(name, folder);
  try {
    unlinkSync(join(stateDir, name + LOCK));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function lockNew(stateDir: string): { readonly name: string; readonly fd: number } {
  for (;;) {
    const name = `${PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`;
    const path = join(stateDir, name + LOCK);
    const fd = openSync(path, "wx", 0o600);
    // Between these two lines, a sweeper may have taken the file for a dead one's.
    if (tryFlock(fd, "exclusive") && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return { name, fd };
    closeSync(fd);
  }
}

/** Cgroups are named after us; a killed runtime leaves them, empty. */
async function removeCgroups(name: string, below: string): Promise<void> {
  for (const controller of ["", ...namesIn(CGROUPS)]) {
    const folder = join(CGROUPS, controller, below);
    for (const group of namesIn(folder)) if (group === name || group.startsWith(`${name}-`)) await removeCgroup(join(folder, group));
  }
}

/** The kernel may still be tearing its processes down. One that stays all the same costs nothing. */
async function removeCgroup(path: string): Promise<void> {
  for (let attempt = 1; attempt <= REMOVAL_TRIES; attempt += 1) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (errnoOf(error) !== "EBUSY") return;
    }
    await delay(REMOVAL_PAUSE_MS);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "EACCES") return [];
    throw error;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
