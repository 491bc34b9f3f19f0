/**
 * The processes that live in a store. Each has a folder in tmp/ for what it has not published, and beside it a lock that vanishes with the
 * process, however it ends. The lock is one of SQLite on an empty file: Node has no file locks, and loading native code for flock costs more
 * than a build with nothing to do may take.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { delay } from "../async.ts";
import { errnoOf, InternalError } from "../errors.ts";
import { isBusy, isCannotOpen, writeFailure } from "./errors.ts";
import { removeTree } from "./remove-tree.ts";
import { RECORD_GRAIN_MS } from "./usage.ts";

/** This process in a store. Disposing removes its folder and gives the lock back. */
export interface Presence extends AsyncDisposable {
  /** The name of the folder. */
  readonly id: string;
  /** A path in the folder that nothing has yet; `kind` is a letter for who looks into it. */
  fresh(kind: string): string;
  /** Moves a file or directory of the store out of sight, to be removed later by this process, or by the next one. Gives the new path, or undefined when it is not there. */
  discard(path: string): string | undefined;
  /** Lets the next process sweep as if this one had died. */
  leaveMark(): void;
  /** Removes what was discarded. */
  emptyTrash(signal?: AbortSignal): Promise<void>;
  /**
   * Lets other processes know of something until it is disposed: a file with this text. `kind`: letters. Throws what the file system says.
   */
  announce(kind: string, text?: string): Announcement;
}

/** What a living process says; its file is gone when it ends. Names that begin with this path and a "." are free for its process. */
interface Announcement extends Disposable {
  readonly path: string;
}

/** Announcements of uses of records that are not written down yet: a prune waits for them. */
export const USES = "uses";

const LOCK = ".lock";
const TRIES = 20;
const POLL_MS = 2;

/** Comes into a store: takes a lock and makes a folder. Throws `STORE_READ_ONLY`, `STORE_FULL`. */
export function enter(tmp: string, startedAt: number): Presence {
  for (let attempt = 1; ; attempt += 1) {
    const id = `${startedAt}-${process.pid}-${randomBytes(4).toString("hex")}`;
    const path = `${tmp}/${id}${LOCK}`;
    makeFile(path, tmp);
    const lock = tryLock(path);
    if (typeof lock === "string") {
      // A sweeper may have looked at the file before it was locked, and removed it.
      if (attempt < TRIES) continue;
      throw new InternalError(`the lock "${path}" is ${lock} although it is new`);
    }
    try {
      mkdirSync(`${tmp}/${id}`, { mode: 0o700 });
      return present(tmp, id, lock);
    } catch (error) {
      lock.close();
      throw writeFailure(error, "open the store", tmp);
    }
  }
}

function present(tmp: string, id: string, lock: DatabaseSync): Presence {
  const folder = `${tmp}/${id}`;
  const trash = new Set<string>();
  let leavesMark = false;
  let count = 0;
  const fresh = (kind: string): string => {
    count += 1;
    return `${folder}/${kind}${count}`;
  };
  return {
    id,
    fresh,
    discard(path) {
      const to = fresh("trash");
      try {
        renameSync(path, to);
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw writeFailure(error, "remove a part of the store", path);
      }
      trash.add(to);
      return to;
    },
    leaveMark: () => void (leavesMark = true),
    async emptyTrash(signal) {
      for (const path of trash) {
        await removeTree(path, { signal });
        trash.delete(path);
      }
    },
    announce(kind, text = "") {
      const path = fresh(kind);
      // Others read it whole, or not at all.
      const draft = text === "" ? path : `${path}.draft`;
      writeFileSync(draft, text, { flag: "wx", mode: 0o600 });
      if (draft !== path) renameSync(draft, path);
      return {
        path,
        [Symbol.dispose]() {
          unlinkSync(path);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      try {
        // What is left of the trash is for the next process: leaving must be quick.
        if (trash.size === 0) await removeTree(folder);
        if (!leavesMark) unlinkSync(`${tmp}/${id}${LOCK}`);
      } finally {
        lock.close();
      }
    },
  };
}

/** A process that was seen in a store. */
interface Neighbour {
  readonly id: string;
  /** Milliseconds since the epoch, by its clock. */
  readonly startedAt: number;
}

/** The processes that live in the store now, but for that of `ownId`. */
export function neighbours(tmp: string, ownId?: string): Neighbour[] {
  const living: Neighbour[] = [];
  for (const name of readdirSync(tmp)) {
    const id = name.endsWith(LOCK) ? name.slice(0, -LOCK.length) : undefined;
    if (id === undefined || id === ownId || !isLiving(tmp, id)) continue;
    living.push({ id, startedAt: Number.parseInt(id, 10) || 0 });
  }
  return living;
}

/** What was used at or after this time, processes other than that of `ownId` may be using. */
export function inUseSince(tmp: string, ownId?: string): number {
  return Math.min(Infinity, ...neighbours(tmp, ownId).map(({ startedAt }) => startedAt - RECORD_GRAIN_MS));
}

/**
 * Waits until what other processes announce by now, as announcements of `kind`, is over, or their processes are gone. False when that takes
 * longer than `maxMs`.
 */
export async function announcedIsOver(
  tmp: string,
  {
    kind,
    ownId,
    maxMs,
    signal,
  }: { readonly kind: string; readonly ownId: string; readonly maxMs: number; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const giveUpAt = performance.now() + maxMs;
  const announced = neighbours(tmp, ownId).flatMap(({ id }) => announcedBy(tmp, id, kind).map((path) => ({ id, path })));
  for (const { id, path } of announced) {
    while (existsSync(path) && isLiving(tmp, id)) {
      if (performance.now() > giveUpAt) return false;
      await delay(POLL_MS, signal);
    }
  }
  return true;
}

/** The files of all announcements of `kind` whose processes live, this one included. */
export function announced(tmp: string, kind: string): string[] {
  return neighbours(tmp).flatMap(({ id }) => announcedBy(tmp, id, kind));
}

function announcedBy(tmp: string, id: string, kind: string): string[] {
  try {
    const names = readdirSync(`${tmp}/${id}`).filter((name) => name.startsWith(kind) && /^\d+$/.test(name.slice(kind.length)));
    return names.map((name) => `${tmp}/${id}/${name}`);
  } catch (error) {
    // A process without a folder has only begun or is at its end. One of another user keeps the folder to itself.
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "EACCES") return [];
    throw error;
  }
}

/** Does the process with this folder name still live? */
export function isLiving(tmp: string, id: string): boolean {
  const lock = tryLock(`${tmp}/${id}${LOCK}`);
  if (lock === "busy") return true;
  if (lock !== "absent") lock.close();
  return false;
}

/**
 * Moves what dead processes left behind into our trash. Cheap however much it is. What we may not touch (it belongs to another user)
 * stays. `foundDead` is called once, before the first of them loses its mark.
 */
export function sweepDead(tmp: string, presence: Presence, foundDead: () => void = () => undefined): void {
  let isFirst = true;
  const ids = new Set(readdirSync(tmp).map((name) => (name.endsWith(LOCK) ? name.slice(0, -LOCK.length) : name)));
  ids.delete(presence.id);
  for (const id of ids) {
    const path = `${tmp}/${id}`;
    // A process makes its folder after its lock, so a folder without a lock is dead too.
    const lock = tryLock(`${path}${LOCK}`);
    if (lock === "busy") continue;
    try {
      if (isFirst) foundDead();
      isFirst = false;
      presence.discard(path);
      if (lock !== "absent") unlinkSync(`${path}${LOCK}`);
    } catch (error) {
      const errno = errnoOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
      if (errno !== "EACCES" && errno !== "EPERM" && errno !== "ENOENT") throw error;
    } finally {
      if (lock !== "absent") lock.close();
    }
  }
}

function tryLock(path: string): DatabaseSync | "busy" | "absent" {
  try {
    return takeLock(path) ?? "busy";
  } catch (error) {
    // One that we may not open is another user's, who may well live.
    if (isCannotOpen(error)) return existsSync(path) ? "busy" : "absent";
    throw error;
  }
}

/** By ourselves, because SQLite does not say why it cannot. */
function makeFile(path: string, tmp: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    throw writeFailure(error, "open the store", tmp);
  }
}

/** The lock on an existing file, or undefined when another process has it, or has removed the file before we had it. */
function takeLock(path: string): DatabaseSync | undefined {
  const url = pathToFileURL(path);
  url.searchParams.set("mode", "rw");
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(url, { timeout: 0 });
    // In memory, so that no journal appears beside it.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return lock;
    lock.close();
    return undefined;
  } catch (error) {
    lock?.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}
