/**
 * Bounded concurrency, shared work and cancellation. `pool` is the only fan-out in the code base; `allOf` and `allSettledOf` only wait for
 * work that runs already. `npm run check:layers` refuses `Promise.all` over lists elsewhere.
 */
import { setImmediate } from "node:timers/promises";

/** How many layers, files or requests are worked on at once: enough to hide waiting, few enough for memory. */
export const AT_ONCE = 4;

/**
 * Runs `fn` for every item, at most `limit` at a time, and gives the results in the order of the items.
 * The first failure aborts the signal that the others see, waits for them, and is rethrown.
 */
export async function pool<Item, Result>(
  limit: number,
  items: Iterable<Item>,
  fn: (item: Item, signal: AbortSignal, index: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const linked = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const queue = [...items];
  const worker = async (): Promise<void> => {
    while (next < queue.length && !linked.aborted) {
      const index = next;
      next += 1;
      try {
        results[index] = await fn(queue[index] as Item, linked, index);
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, queue.length) }, worker));
  if (failures.length > 0) throw failures[0];
  signal?.throwIfAborted();
  return results;
}

/** Waits for promises of work that runs already; rejects with the first failure. */
export async function allOf<Value>(running: Iterable<Promise<Value>>): Promise<Value[]> {
  return await Promise.all(running);
}

/** Waits until all of this work has come to rest, however it ends. */
export async function allSettledOf(running: Iterable<Promise<unknown>>): Promise<void> {
  await Promise.allSettled(running);
}

/** How shared work lives. */
interface SharedOptions {
  /** "never": the work goes on although its callers have left. "last": the last caller to leave stops it and waits for its clean-up. */
  readonly cancel: "never" | "last";
  /** Results stay for later callers. Failures never do. Default true. */
  readonly keep?: boolean | undefined;
}

/** Work by key that several callers may want: it is done once, and callers come and go by their own signals. */
export interface Shared<Key, Value> {
  /** Starts `work`, or joins the work of this key. Rejects with the reason of `signal` as soon as it is aborted. The first caller's `work` counts. */
  run(key: Key, work: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value>;
}

interface SharedWork<Value> {
  readonly promise: Promise<Value>;
  readonly stop: AbortController;
  waiting: number;
}

/** Makes an empty `Shared`. */
export function createShared<Key, Value>({ cancel, keep = true }: SharedOptions): Shared<Key, Value> {
  const works = new Map<Key, SharedWork<Value>>();
  const start = (key: Key, work: (signal: AbortSignal) => Promise<Value>): SharedWork<Value> => {
    const stop = new AbortController();
    const started: SharedWork<Value> = { promise: work(stop.signal), stop, waiting: 0 };
    works.set(key, started);
    const forget = (): void => void (works.get(key) === started && works.delete(key));
    started.promise.then(keep ? () => undefined : forget, forget);
    return started;
  };
  return {
    async run(key, work, signal) {
      signal?.throwIfAborted();
      const current = works.get(key) ?? start(key, work);
      current.waiting += 1;
      try {
        return await orAborted(current.promise, signal);
      } finally {
        current.waiting -= 1;
        if (cancel === "last" && signal?.aborted === true && current.waiting === 0) {
          if (works.get(key) === current) works.delete(key);
          current.stop.abort(signal.reason);
          await current.promise.catch(() => undefined);
        }
      }
    },
  };
}

async function orAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Lets at most `limit` holders run at once. */
export interface Semaphore {
  /** Waits for a place; dispose what it gives to free the place. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<Disposable>;
}

/** Makes a semaphore with `limit` places. */
export function createSemaphore(limit: number): Semaphore {
  let free = limit;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const wake = waiting.shift();
    if (wake === undefined) free += 1;
    else wake();
  };
  const place = (): Disposable => {
    let held = true;
    return {
      [Symbol.dispose]() {
        if (held) release();
        held = false;
      },
    };
  };
  return {
    async acquire(signal) {
      signal?.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return place();
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = (): void => {
        const at = waiting.indexOf(resolve);
        if (at >= 0) waiting.splice(at, 1);
        reject(signal?.reason);
      };
      waiting.push(resolve);
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        await promise;
      } finally {
        signal?.removeEventListener("abort", onAbort);
      }
      return place();
    },
  };
}

/** Turns for others in a long loop of synchronous work: `if (turns.isDue) await turns.give()`. */
interface Turns {
  /** The loop has gone on for a while. */
  readonly isDue: boolean;
  /** Lets timers and other work run. Rejects with the signal's reason. */
  give(): Promise<void>;
}

const TURN_MS = 8;

/** Starts counting now. */
export function createTurns(signal?: AbortSignal): Turns {
  let since = performance.now();
  return {
    get isDue() {
      return performance.now() - since > TURN_MS;
    },
    async give() {
      await setImmediate();
      signal?.throwIfAborted();
      since = performance.now();
    },
  };
}

/** Waits `ms` milliseconds, or rejects with the signal's reason. */
export async function delay(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
