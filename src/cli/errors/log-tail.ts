/** Gives the error of a failed step what the step wrote last, for the error printer. */
import { DecantError } from "../../errors.ts";
import type { ProgressState } from "../../progress.ts";

/** The error with `details.logTail` from the failed step, when it has none and is the error of a step. */
export function withLogTail(error: unknown, state: ProgressState): unknown {
  if (!(error instanceof DecantError) || error.code === "INTERNAL" || error.details["logTail"] !== undefined) return error;
  // Then it was the runtime that wrote, and the error tells what.
  if (error.details["runtime"] !== undefined) return error;
  const failed = [...state.steps.values()].find((step) => step.state === "failed");
  if (failed === undefined || failed.tail.length === 0) return error;
  const { code, message, hint, source, details, cause } = error;
  return new DecantError(code, message, {
    source,
    details: { ...details, logTail: failed.tail.join("\n") },
    hint,
    cause,
  });
}
