/** Errors of the solver. */
import { DecantError } from "../errors.ts";

/** `why`: which ingredient changed. */
export function notCached(name: string, why: string): DecantError {
  return new DecantError("NOT_CACHED", `Cannot take step "${name}" from the cache: ${why}`, {
    hint: "Undo that change, or build without --expect-cached; on a new machine, name a cache with --cache-from",
  });
}
