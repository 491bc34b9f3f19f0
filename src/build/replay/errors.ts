/** Errors of builds that are done once more. */
import { DecantError } from "../../errors.ts";
import type { SourceRange } from "../../source.ts";

/** The image cannot be built once more. */
export function replayError(
  image: string,
  state: string,
  more: { readonly hint?: string | undefined; readonly source?: SourceRange | undefined; readonly cause?: unknown } = {},
): DecantError {
  const { hint, source, cause } = more;
  return new DecantError("REPLAY", `Cannot replay "${image}": ${state}`, { hint, source: source && [source], cause });
}
