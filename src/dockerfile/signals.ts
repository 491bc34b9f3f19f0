/** STOPSIGNAL (rule S56). */
import { SIGNALS } from "../signals.ts";
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { suggest } from "./suggest.ts";

/**
 * The number of a signal: "SIGTERM", "term" or "15". Any number but 0 is accepted, as in the field; the image keeps the text as written.
 * Throws `DOCKERFILE_SEMANTIC`.
 */
export function parseStopSignal(text: string, range?: SourceRange): number {
  const number = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : SIGNALS.get(text.toUpperCase().replace(/^SIG/, ""));
  if (number !== undefined && number !== 0) return number;
  const near = suggest(text.toUpperCase().replace(/^SIG/, ""), SIGNALS.keys());
  throw semanticError(`Cannot use "${text}" to stop a container: invalid signal: ${text}`, {
    range,
    hint: near === undefined ? "Write a name such as SIGTERM, or a number" : `Did you mean SIG${near}?`,
  });
}
