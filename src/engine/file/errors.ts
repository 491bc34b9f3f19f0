/** Errors of COPY, ADD and WORKDIR. */
import { DecantError } from "../../errors.ts";
import { displayPath, toText, type TreePath } from "../../paths.ts";
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

/** Rule S79. `left`: what the source has there, when that is a link. */
export function fileOverDirectory(path: TreePath, source?: SourceRange, left?: LeftOut): DecantError {
  return new DecantError("COPY_CONFLICT", `Cannot replace directory "${displayPath(path)}" with a file`, {
    ...at(source),
    hint:
      left === undefined
        ? "Copy to another name, or remove the directory in a RUN step first"
        : `"${displayPath(left.from)}" is a link: ${leaveOut(left)}, and copy what it leads to to "${displayPath(path)}/" in a step of its own`,
  });
}

/**
 * Rule S78: a directory cannot be merged into what is not one. `leadsTo`: the directory that a link leads to, as /lib does where /usr is
 * merged; an image without a shell has no RUN step to change that.
 */
export function directoryOverFile(
  path: TreePath,
  kind: string,
  source?: SourceRange,
  link?: { readonly leadsTo: TreePath; readonly left: LeftOut },
): DecantError {
  return new DecantError(
    "COPY_CONFLICT",
    `Cannot copy a directory to "${displayPath(path)}": there is a ${kind} (cannot copy to non-directory)`,
    {
      ...at(source),
      hint:
        link === undefined
          ? `Copy to another name, or remove the ${kind} in a RUN step first`
          : `"${displayPath(path)}" leads to "${displayPath(link.leadsTo)}" in the image: ${leaveOut(link.left)}, and copy "${displayPath(link.left.from)}/" to "${displayPath(link.leadsTo)}/" in a step of its own`,
    },
  );
}

/** What a step can leave out. */
export interface LeftOut {
  /** In the source. */
  readonly from: TreePath;
  /** Below what is copied. */
  readonly relative: TreePath;
}

function leaveOut({ relative }: LeftOut): string {
  return `leave it out here with --exclude=${toText(relative)}`;
}

/** A context whose files come and go while they are copied. */
export function sourceChanged(path: TreePath, source?: SourceRange): DecantError {
  return new DecantError("CONTEXT", `Cannot copy "${displayPath(path)}": the context changed while the build read it`, {
    ...at(source),
    hint: "Stop what writes to it, or leave it out with .dockerignore",
  });
}
