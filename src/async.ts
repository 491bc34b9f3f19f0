/** Bounded concurrency, shared work and cancellation. The only fan-out in the code base is `pool`. */

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

/** One running promise per key: whoever asks for work that is under way, or done, joins it. Failures are forgotten. */
export interface Once<Key, Value> {
  run(key: Key, fn: () => Promise<Value>): Promise<Value>;
}

/** Makes an empty `Once`. */
export function createOnce<Key, Value>(): Once<Key, Value> {
  const running = new Map<Key, Promise<Value>>();
  return {
    run(key, fn) {
      const known = running.get(key);
      if (known !== undefined) return known;
      const started = fn();
      running.set(key, started);
      started.catch(() => running.delete(key));
      return started;
    },
  };
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
