/** Tells transfers: at most ten events a second for each id, and one at the end. */
import type { Emit, TransferEvent } from "./events.ts";

const INTERVAL_MS = 100;

/** One transfer being told. */
interface Progress {
  /** `bytes` more are done. */
  readonly add: (bytes: number) => void;
  /** `bytes` are done in all. */
  readonly at: (bytes: number) => void;
  /** All is done; call once. Tells nothing when nothing was told. */
  readonly end: () => void;
}

/** What a transfer is called; see `TransferEvent`. `now` is there for tests. */
interface ProgressOptions extends Pick<TransferEvent, "vertex" | "id" | "action" | "totalBytes"> {
  readonly now?: (() => number) | undefined;
}

/** Starts the events of a transfer. The first bytes give the first event. */
export function startProgress(emit: Emit, { now = Date.now, ...transfer }: ProgressOptions): Progress {
  let currentBytes = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  const at = (bytes: number): void => {
    currentBytes = bytes;
    const time = now();
    if (time - toldAt < INTERVAL_MS) return;
    toldAt = time;
    emit({ type: "transfer", ...transfer, currentBytes, done: false });
  };
  return {
    at,
    add: (bytes) => at(currentBytes + bytes),
    end() {
      if (toldAt > Number.NEGATIVE_INFINITY) emit({ type: "transfer", ...transfer, currentBytes, done: true });
    },
  };
}
