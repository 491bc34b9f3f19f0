/** Shared work with many callers, each of whom may give up: the work is stopped when nobody waits for it any more. */

interface Running<Value> {
  readonly promise: Promise<Value>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * Makes a function that starts `work` once and joins later callers. A caller whose signal is aborted gets its reason; the last of
 * them stops the work and waits for its clean-up. Failures are forgotten, results are kept. The first caller's options count.
 */
export function joined<Value, Options = undefined>(
  work: (signal: AbortSignal, options?: Options) => Promise<Value>,
): (signal?: AbortSignal, options?: Options) => Promise<Value> {
  let running: Running<Value> | undefined;
  const start = (options: Options | undefined): Running<Value> => {
    const stop = new AbortController();
    const promise = work(stop.signal, options);
    const started: Running<Value> = { promise, stop, waiting: 0 };
    promise.catch(() => forget(started));
    return started;
  };
  const forget = (failed: Running<Value>): void => {
    if (running === failed) running = undefined;
  };
  return async (signal, options) => {
    signal?.throwIfAborted();
    const current = (running ??= start(options));
    current.waiting += 1;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([current.promise, aborted]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      current.waiting -= 1;
      if (signal?.aborted === true && current.waiting === 0) {
        forget(current);
        current.stop.abort(signal.reason);
        await current.promise.catch(() => undefined);
      }
    }
  };
}
