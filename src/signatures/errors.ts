/** Errors of the signatures room: `SIGNATURE` for an image that is not signed as wanted, `SIGNING` for what cannot sign. */
import { DecantError } from "../errors.ts";

interface More {
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** `SIGNATURE`: "Cannot verify "app:1": it has no signature". */
export function notVerified(image: string, why: string, more: More = {}): DecantError {
  return new DecantError("SIGNATURE", `Cannot verify "${image}": ${why}`, more);
}

/** `SIGNING`: "Cannot use key "cosign.key": …", "Cannot sign "app:1": …". */
export function signingError(doing: string, what: string, why: string, more: More = {}): DecantError {
  return new DecantError("SIGNING", `Cannot ${doing} "${what}": ${why}`, more);
}
