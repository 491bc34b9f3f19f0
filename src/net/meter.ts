/** Finds connections that hardly move. Counts only the time that we wait for the other side, so that a slow disk or source of ours is not its fault. */

/** Fewer bytes than this in so much waiting are too few. */
export interface Pace {
  readonly windowMs: number;
  readonly minBytes: number;
}

/** Watches one direction of one connection. Dispose it when that is over. */
export interface Meter extends Disposable {
  /** From now on we wait. */
  waiting(): void;
  /** The wait is over: so many bytes have moved. */
  moved(bytes: number): void;
}

/** Makes a meter that calls `onSlow` once, with the bytes that did move in the window. `now` is in milliseconds. */
export function createMeter({ windowMs, minBytes }: Pace, onSlow: (bytes: number) => void, now = (): number => performance.now()): Meter {
  let bytes = 0;
  let waitedMs = 0;
  let since: number | undefined;
  let timer: NodeJS.Timeout;
  const arm = (ms: number): void => {
    timer = setTimeout(look, ms);
    timer.unref();
  };
  const pause = (): void => {
    if (since !== undefined) waitedMs += now() - since;
    since = undefined;
  };
  const look = (): void => {
    const wasWaiting = since !== undefined;
    pause();
    if (wasWaiting) since = now();
    // Timers may come a little early.
    if (waitedMs < windowMs - 1) return arm(windowMs - waitedMs);
    if (bytes < minBytes) return onSlow(bytes);
    bytes = 0;
    waitedMs = 0;
    arm(windowMs);
  };
  arm(windowMs);
  return {
    waiting: () => void (since ??= now()),
    moved(count) {
      pause();
      bytes += count;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
