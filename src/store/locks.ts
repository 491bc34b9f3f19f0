/**
 * Locks by name: a queue in front for this process, and flock(2) for all. Waiting for another process is a retry with a growing delay,
 * so that the event loop lives and an abort is heard at once.
 */
import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { delay } from "../async.ts";
import { tryFlock } from "../sys/index.ts";
import { errnoOf } from "../errors.ts";
import { openedReadOnly, writeFailure } from "./errors.ts";
import type { Locks } from "./types.ts";

const FIRST_DELAY_MS = 1;
const MAX_DELAY_MS = 50;

/** Opens the locks in `folder`. A store that is open for reading has none. `onLeft` hears that a file could not be removed: it needs a sweep. */
export function openLocks(folder: string, { readOnly, onLeft }: { readonly readOnly: boolean; readonly onLeft: () => void }): Locks {
  const queues = new Map<string, Queue>();
  const queueOf = (path: string): Queue => {
    let queue = queues.get(path);
    if (queue === undefined) queues.set(path, (queue = { readers: 0, writing: false, waiting: [] }));
    return queue;
  };
  const leave = (path: string, shared: boolean): void => {
    const queue = queueOf(path);
    if (shared) queue.readers -= 1;
    else queue.writing = false;
    admit(queue);
    if (queue.readers === 0 && !queue.writing && queue.waiting.length === 0) queues.delete(path);
  };
  const pathOf = (name: string): string => {
    if (readOnly) throw openedReadOnly(`lock "${name}"`, folder);
    return `${folder}/${hash("sha256", name, "hex").slice(0, 40)}`;
  };
  const held = (path: string, fd: number, shared: boolean): AsyncDisposable => {
    let released = false;
    return {
      async [Symbol.asyncDispose]() {
        if (released) return;
        released = true;
        try {
          removeFile(path, fd, shared);
        } catch (error) {
          onLeft();
          throw error;
        } finally {
          // The lock itself is free: who waits in this process goes on.
          leave(path, shared);
        }
      },
    };
  };
  return {
    async acquire(name, { shared = false, signal } = {}) {
      const path = pathOf(name);
      await wait(queueOf(path), shared, signal);
      try {
        for (let pauseMs = FIRST_DELAY_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_DELAY_MS)) {
          const fd = lockFile(path, shared);
          if (fd !== undefined) return held(path, fd, shared);
          await delay(pauseMs, signal);
        }
      } catch (error) {
        leave(path, shared);
        throw error;
      }
    },
    async tryAcquire(name, { shared = false } = {}) {
      const path = pathOf(name);
      const queue = queueOf(path);
      if (!isFree(queue, shared)) return undefined;
      if (shared) queue.readers += 1;
      else queue.writing = true;
      try {
        const fd = lockFile(path, shared);
        if (fd !== undefined) return held(path, fd, shared);
      } catch (error) {
        leave(path, shared);
        throw error;
      }
      leave(path, shared);
      return undefined;
    },
  };
}

/** Removes the files of locks that nobody has: a process that was killed leaves them. */
export function sweepLocks(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`;
    let fd: number;
    try {
      fd = openSync(path, "r+");
    } catch (error) {
      // Given back meanwhile; or another user's.
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EACCES") continue;
      throw error;
    }
    // Another file may be there by now, and somebody's lock.
    const isFree = tryFlock(fd, "exclusive") && fstatSync(fd).ino === statSync(path, { throwIfNoEntry: false })?.ino;
    if (isFree) removeFile(path, fd, false);
    else closeSync(fd);
  }
}

/** Who waits in this process. First come, first served; readers at the head go together. */
interface Queue {
  readers: number;
  writing: boolean;
  readonly waiting: { readonly shared: boolean; readonly enter: () => void }[];
}

function isFree(queue: Queue, shared: boolean): boolean {
  return queue.waiting.length === 0 && !queue.writing && (shared || queue.readers === 0);
}

async function wait(queue: Queue, shared: boolean, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const place = { shared, enter: resolve };
  const onAbort = (): void => {
    const at = queue.waiting.indexOf(place);
    // Whoever was let in already finds out by the signal itself.
    if (at < 0) return;
    queue.waiting.splice(at, 1);
    admit(queue);
    reject(signal?.reason);
  };
  queue.waiting.push(place);
  signal?.addEventListener("abort", onAbort, { once: true });
  admit(queue);
  try {
    await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function admit(queue: Queue): void {
  for (let next = queue.waiting[0]; next !== undefined; next = queue.waiting[0]) {
    if (queue.writing || (!next.shared && queue.readers > 0)) return;
    if (next.shared) queue.readers += 1;
    else queue.writing = true;
    queue.waiting.shift();
    next.enter();
  }
}

/** The locked file, or undefined when another process has it. */
function lockFile(path: string, shared: boolean): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, "a+", 0o600);
  } catch (error) {
    throw writeFailure(error, "make a lock", path);
  }
  try {
    // Who had the lock before has removed the file: then a lock on it excludes nobody.
    if (tryFlock(fd, shared ? "shared" : "exclusive") && fstatSync(fd).ino === statSync(path, { throwIfNoEntry: false })?.ino) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}

/** Gives a lock back, and removes its file when nobody else has it. */
function removeFile(path: string, fd: number, shared: boolean): void {
  try {
    if (!shared || tryFlock(fd, "exclusive")) unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  } finally {
    closeSync(fd);
  }
}
