/** Errors of COPY, ADD and WORKDIR. */
import { DecantError } from "../../errors.ts";
import { displayPath, type TreePath } from "../../paths.ts";
import type { SourceRange } from "../../source.ts";

function at(source: SourceRange | undefined): { readonly source?: readonly SourceRange[] } {
  return source === undefined ? {} : { source: [source] };
}

/** A literal source that is not there (rule S81). */
export function sourceMissing(
  path: TreePath,
  where: string,
  hint: string | undefined,
  source?: SourceRange,
  action: "copy" | "mount" = "copy",
): DecantError {
  return new DecantError("COPY_SOURCE_MISSING", `Cannot ${action} "${displayPath(path)}": not found in ${where}`, {
    ...at(source),
    ...(hint === undefined ? {} : { hint }),
    details: { path: displayPath(path) },
  });
}

/** Rule S79. */
export function fileOverDirectory(path: TreePath, source?: SourceRange): DecantError {
  return new DecantError("COPY_CONFLICT", `Cannot replace directory "${displayPath(path)}" with a file`, {
    ...at(source),
    hint: "Copy to another name, or remove the directory in a RUN step first",
  });
}

/** Rule S78: a directory cannot be merged into what is not one. */
export function directoryOverFile(path: TreePath, kind: string, source?: SourceRange): DecantError {
  return new DecantError(
    "COPY_CONFLICT",
    `Cannot copy a directory to "${displayPath(path)}": there is a ${kind} (cannot copy to non-directory)`,
    { ...at(source), hint: `Copy to another name, or remove the ${kind} in a RUN step first` },
  );
}

/** A context whose files come and go while they are copied. */
export function sourceChanged(path: TreePath, source?: SourceRange): DecantError {
  return new DecantError("CONTEXT", `Cannot copy "${displayPath(path)}": the context changed while the build read it`, {
    ...at(source),
    hint: "Stop what writes to it, or leave it out with .dockerignore",
  });
}
