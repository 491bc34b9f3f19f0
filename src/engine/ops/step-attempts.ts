/** A RUN step that may be run again after it failed, and that may take only so long. Each attempt starts from the same clean files. */
import { DecantError, isDecantError } from "../../errors.ts";
import type { Vertex } from "../../graph/index.ts";
import type { EngineContext } from "../types.ts";
import { openLog, type StepLog } from "./step-log.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/**
 * Does `attempt` until it gives something, at most `context.retries` times anew. Only a program that failed or took too long is run again: what
 * could not be started would fail in the same way. Throws the error of the last attempt.
 */
export async function withRetries<Result>(
  vertex: Vertex,
  context: EngineContext,
  signal: AbortSignal,
  attempt: (isLast: boolean) => Promise<Result>,
): Promise<Result> {
  const { retries = 0, warn } = context;
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number > retries);
    } catch (error) {
      signal.throwIfAborted();
      if (number > retries || !isDecantError(error, "RUN_FAILED") || error.details["logFile"] === undefined) throw error;
      using log = openLog(context, vertex);
      log.write("stderr", Buffer.from(`decant: ${error.message}; attempt ${number + 1} of ${retries + 1} starts from clean files\n`));
      log.flush();
      warn("StepRetried", `${error.message}; Decant ran the step again (attempt ${number + 1} of ${retries + 1})`, vertex.meta.source);
    }
  }
}

/** The time that a step may take. */
interface StepTimer extends Disposable {
  /** Aborted when `signal` is, or when the time is up. */
  readonly signal: AbortSignal;
  readonly isUp: () => boolean;
}

/** Starts the time of a step; `timeoutMs` undefined: any. */
export function startTimer(timeoutMs: number | undefined, signal: AbortSignal): StepTimer {
  if (timeoutMs === undefined) return { signal, isUp: () => false, [Symbol.dispose]: () => undefined };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error("the time of the step is up")), timeoutMs);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    isUp: () => controller.signal.aborted && !signal.aborted,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** The error of a step that took too long. */
export function timeoutFailure({ meta }: Vertex, timeoutMs: number, log: StepLog): DecantError {
  const { name, source } = meta;
  return new DecantError("RUN_FAILED", `${name} failed: it took longer than ${durationText(timeoutMs)}, so Decant ended it`, {
    source: source && [source],
    hint: "Give it more time with --step-timeout, or another chance with --retry",
    details: { step: name, timeoutMs, logFile: log.path, logTail: log.tail() },
  });
}

/** 90,000 → "1m30s". */
function durationText(durationMs: number): string {
  let rest = durationMs;
  let text = "";
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
