/** Errors of the tree room: one function for each kind of failure, so that message and hint are written once. */
import { DecantError, errnoOf } from "../errors.ts";
import type { TreePath } from "../paths.ts";
import { displayPath, toText } from "../paths.ts";

/** A tar archive that cannot be read. `where`: an entry's name in bytes form, or the archive as a whole when absent. */
export function tarError(problem: string, where?: string): DecantError {
  const what = where === undefined ? "tar archive" : `tar entry "${toText(where)}"`;
  return new DecantError("TAR", `Cannot read ${what}: ${problem}`);
}

/** More names, link targets and attributes than so many entries may have. */
export function indexTooLarge(entries: number, mostBytes: number): DecantError {
  return new DecantError(
    "LIMIT",
    `Cannot list the files of a layer: the names, link targets and extended attributes of ${entries} entries have more than ${mostBytes} bytes`,
    { hint: "Shorten or leave out the long ones, or put the files into several archives or steps" },
  );
}

/** Symlinks on the way to the members of an archive that lead through more than it may cost to follow. */
export function linksTooLong(members: number): DecantError {
  return new DecantError(
    "LIMIT",
    `Cannot unpack an archive: the symlinks on the way to its ${members} members are too many or too long to follow`,
    {
      hint: "Name its members by the directories that they are in",
    },
  );
}

/** A file of this machine whose path the kernel does not take. */
export function pathTooLong(path: string, mostBytes: number): DecantError {
  const shown = `${toText(path.slice(0, 200))}…${toText(path.slice(-60))}`;
  return new DecantError("LIMIT", `Cannot use "${shown}": its path has ${path.length} bytes; Linux takes at most ${mostBytes}`, {
    hint: "Shorten the names of the directories; that of the store, DECANT_ROOT, counts where it comes first",
  });
}

/** Compressed data that cannot be read to its end. */
export function archiveDamaged(format: string, problem: string, cause?: unknown): DecantError {
  return new DecantError("ARCHIVE", `Cannot decompress ${format} data: ${problem}`, {
    hint: "Download it, or make it, again",
    cause,
  });
}

/** Compressed data that is right, for all we know, but for which a program is missing. `details.program`: its name. */
export function decompressorMissing(format: string, program: string): DecantError {
  return new DecantError("ARCHIVE", `Cannot decompress ${format} data: there is no program ${program}`, {
    hint: `Run: apt-get install ${program === "xz" ? "xz-utils" : program}`,
    details: { program },
  });
}

/** A layer with entries below what is no directory in the layers that it is put on. */
export function entriesBelowFile(path: TreePath, kind: string): DecantError {
  return new DecantError(
    "TAR",
    `Cannot put a layer on the layers below it: it has entries in "${displayPath(path)}", which is a ${kind} there`,
  );
}

/** A name that leaves the root it belongs to. */
export function pathEscape(name: string): DecantError {
  return new DecantError("PATH_ESCAPE", `Cannot use path "${toText(name)}": it leaves the root; names with ".." must stay inside`);
}

/** A name that means removal in an image layer and may not be used so (rule S121). */
export function whiteoutError(name: string, problem: string): DecantError {
  return new DecantError("WHITEOUT", `Cannot use "${toText(name)}": ${problem}`, {
    hint: 'Names that start with ".wh." mean "removed" in image layers: rename the file',
  });
}

/** An index file of the store that is damaged. */
export function corruptIndex(problem: string): DecantError {
  return new DecantError("STORE_CORRUPT", `Cannot read a layer index: ${problem}`, { hint: "Run: decant prune --all" });
}

/** A layer whose bytes are gone from the store. */
export function layerMissing(id: string): DecantError {
  return new DecantError("BLOB_MISSING", `Cannot read layer "${id}": neither its tar nor its directory is in the store`);
}

/** A directory of a layer that does not match the layer's index any more. */
export function layerDamaged(id: string, path: TreePath): DecantError {
  return new DecantError("STORE_CORRUPT", `Cannot use the directory of layer "${id}": "${displayPath(path)}" is damaged`, {
    hint: "Build again: Decant rebuilds the layer",
  });
}

/** A tar that is not of the files that the layer's index has. */
export function tarUnlikeIndex(id: string, path: TreePath): DecantError {
  return new DecantError("STORE_CORRUPT", `Cannot use the tar of layer "${id}": it has no "${displayPath(path)}" as the layer does`, {
    hint: "Run: decant prune --all",
  });
}

/** A file that became shorter than its stat said. */
export function changedWhileRead(path: string, expectedSize: number, actualSize: number): DecantError {
  return new DecantError(
    "CONTEXT",
    `Cannot read "${toText(path)}": it shrank from ${expectedSize} to ${actualSize} bytes while it was read`,
    {
      hint: "Stop what writes to it, or leave it out with .dockerignore",
    },
  );
}

/** A file that was there when its folder was listed. */
export function goneSinceListed(path: string, cause?: unknown): DecantError {
  return new DecantError("CONTEXT", `Cannot read "${toText(path)}": it went away, or became something else, while the build read it`, {
    hint: "Stop what changes it, or leave it out with .dockerignore",
    cause,
  });
}

/** A file whose content is not what it was when a cache key was made of it. */
export function changedSinceHashed(path: TreePath): DecantError {
  return new DecantError("CONTEXT", `Cannot write "${displayPath(path)}": its source changed while the build read it`, {
    hint: "Stop what writes to it, or leave it out with .dockerignore",
  });
}

/** Symlinks that go round in circles. */
export function symlinkLoop(path: TreePath): DecantError {
  return new DecantError("NOT_FOUND", `Cannot resolve "${displayPath(path)}": too many levels of symbolic links`);
}

/** Turns a full or read-only disk into its code and leaves every other error as it is. */
export function writeFailure(error: unknown, what: string): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    const hint = "Free space, or run: decant prune, or decant prune --all for the build cache, too";
    return new DecantError("STORE_FULL", `Cannot write ${what}: no space left on the device`, { cause: error, hint });
  }
  if (errno === "EROFS") return new DecantError("STORE_READ_ONLY", `Cannot write ${what}: the file system is read-only`, { cause: error });
  return error;
}
