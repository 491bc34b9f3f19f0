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
    hint,
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

/** An archive with members below what is no directory, in the archive or in the image. */
export function memberBelowFile(folder: TreePath, path: TreePath, kind: string, source?: SourceRange): DecantError {
  const what = folder === path ? "it is" : `"${displayPath(path)}" is`;
  return new DecantError("COPY_CONFLICT", `Cannot unpack into "${displayPath(folder)}": ${what} a ${kind}; wanted a directory`, {
    ...at(source),
    hint: `Unpack to another place, or remove the ${kind} in a RUN step first`,
  });
}

/** An archive that writes through a symlink of its own or of the image, which leads above the directory that it is unpacked to. */
export function linkLeaves(path: TreePath, root: TreePath, source?: SourceRange): DecantError {
  return new DecantError("PATH_ESCAPE", `Cannot unpack to "${displayPath(path)}": symlinks on the way lead out of "${displayPath(root)}"`, {
    ...at(source),
    hint: "Make the symlink absolute, or give it fewer ..",
  });
}

/** A hard link of an archive to what is no file by then. */
export function linkTargetMissing(path: TreePath, target: TreePath, source?: SourceRange): DecantError {
  return new DecantError("TAR", `Cannot make hard link "${displayPath(path)}": there is no file "${displayPath(target)}"`, {
    ...at(source),
    hint: "A file must come before the hard links to it, in the archive or in the image",
  });
}

/** What a step can leave out. */
interface LeftOut {
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

/** A path that an action removes, and that is not there. */
export function nothingToRemove(path: TreePath): DecantError {
  const what = path === "" ? "it is the root" : "no such file or directory";
  return new DecantError("COPY_SOURCE_MISSING", `Cannot remove "${displayPath(path)}": ${what}`);
}

/** A directory that an action needs and must not make. */
export function directoryMissing(path: TreePath): DecantError {
  return new DecantError("COPY_SOURCE_MISSING", `Cannot write into "${displayPath(path)}": no such directory`);
}
