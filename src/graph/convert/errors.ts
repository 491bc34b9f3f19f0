/** Errors of the conversion from Dockerfile to graph. */
import { DecantError } from "../../errors.ts";
import type { SourceRange } from "../../source.ts";

/** A Dockerfile that parses but means nothing that can be built. */
export function semanticError(message: string, range: SourceRange | undefined, hint?: string): DecantError {
  return new DecantError("DOCKERFILE_SEMANTIC", message, {
    source: range && [range],
    hint,
  });
}
