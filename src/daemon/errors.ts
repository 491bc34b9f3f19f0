/** Errors of daemons. */
import { DecantError } from "../errors.ts";

/** `EXPORT`: a daemon did not take the image. */
export function daemonError(where: string, state: string, options: { readonly hint?: string; readonly cause?: unknown } = {}): DecantError {
  return new DecantError("EXPORT", `Cannot load the image into ${where}: ${state}`, options);
}
