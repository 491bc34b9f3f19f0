/** What Linux can name, checked before anything is built: a builder that only edits trees would else make images that no machine can unpack. */
import type { SourceRange } from "../../source.ts";
import { semanticError } from "./errors.ts";

/** NAME_MAX and PATH_MAX of Linux, the latter without its NUL. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;
const SHOWN_CHARACTERS = 60;

/** Throws `DOCKERFILE_SEMANTIC` for a path with a NUL byte, and for one too long or with a name too long to be made. */
export function checkImagePath(path: string, range: SourceRange | undefined): void {
  const problem = problemOf(path);
  if (problem === undefined) return;
  const shown = path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}…` : path;
  throw semanticError(`Cannot use the path "${shown.replaceAll("\0", "\\0")}": ${problem}`, range, "Take another path");
}

/** Throws `DOCKERFILE_SEMANTIC` for arguments and variables of a step with a NUL byte, where the kernel would cut them off. */
export function checkNoNul(texts: readonly string[], range: SourceRange): void {
  if (!texts.some((text) => text.includes("\0"))) return;
  throw semanticError(
    "Cannot run the step: its command or a variable has a NUL byte, which no program can receive",
    range,
    "Remove the NUL byte; printf '\\0' in the step writes one",
  );
}

function problemOf(path: string): string | undefined {
  if (path.includes("\0")) return "it has a NUL byte";
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it has more than ${MAX_PATH_BYTES} bytes (file name too long)`;
  if (path.split("/").some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES))
    return `it has a name of more than ${MAX_NAME_BYTES} bytes (file name too long)`;
  return undefined;
}
