/** The errors of reading a Dockerfile or an ignore file: one place for their codes and their form. */
import { DecantError } from "../errors.ts";
import type { SourceRange } from "../source.ts";
import type { Diagnostic } from "./types.ts";

/** Where a problem is and what to do about it. */
interface ProblemOptions {
  readonly range: SourceRange;
  readonly hint?: string | undefined;
  readonly related?: readonly SourceRange[] | undefined;
}

/** A text that does not follow the grammar. `name` becomes the code of the diagnostic. */
export function syntaxError(name: string, message: string, options: ProblemOptions): DecantError {
  return new DecantError("DOCKERFILE_SYNTAX", message, {
    source: [options.range, ...(options.related ?? [])],
    details: { diagnostic: name },
    hint: options.hint,
  });
}

/** A value that is well written and means nothing: a bad port, an unset variable that must be set … `name` becomes the code of the diagnostic. */
export function semanticError(
  message: string,
  options: { readonly range?: SourceRange | undefined; readonly hint?: string | undefined; readonly name?: string } = {},
): DecantError {
  return new DecantError("DOCKERFILE_SEMANTIC", message, {
    source: options.range && [options.range],
    hint: options.hint,
    ...(options.name === undefined ? {} : { details: { diagnostic: options.name } }),
  });
}

/** The diagnostic that `error` (made by `syntaxError` or `semanticError`) stands for. `fallback` is its place when it has none. */
export function toDiagnostic(error: DecantError, fallback: SourceRange): Diagnostic {
  const { diagnostic } = error.details;
  const [range = fallback, ...related] = error.source;
  return {
    severity: "error",
    code: typeof diagnostic === "string" ? diagnostic : "InvalidValue",
    message: error.message,
    range,
    hint: error.hint,
    ...(related.length === 0 ? {} : { related }),
  };
}
