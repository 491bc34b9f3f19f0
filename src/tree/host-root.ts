/** A directory of the host, and what is below it by its path in a tree. Nothing is followed but the root itself. */
import type { Stats } from "node:fs";
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { DecantError, errnoOf } from "../errors.ts";
import { displayPath, fromText, ROOT, type TreePath } from "../paths.ts";
import { fsPath } from "./host-files.ts";

/** What is below the directory. */
interface HostRoot {
  /** Where a path is on the host, in bytes form. */
  path(path: TreePath): string;
  /** What is there; undefined for nothing, also below what is no directory. */
  stat(path: TreePath): Stats | undefined;
  /** The names in a directory, in the order of their bytes; none when it is not there. Throws `CONTEXT`. */
  names(path: TreePath): readonly string[];
  /** Where a symlink leads, as it is written. Throws `CONTEXT`. */
  target(path: TreePath): string;
}

/** Opens `root`, an absolute path in UTF-16. Throws `CONTEXT` when it is no directory. */
export function openHostRoot(root: string): HostRoot {
  const rootPath = fromText(root).replace(/\/+$/, "");
  // A root that is a symlink is the user's own choice: its "." is followed.
  const dot = `${rootPath}/.`;
  const pathOf = (path: TreePath): string => (path === ROOT ? rootPath || "/" : `${rootPath}/${path}`);
  const cannotRead = (what: string, path: TreePath, cause: unknown): DecantError =>
    new DecantError("CONTEXT", `Cannot read ${what} "${displayPath(path)}" of "${root}": ${errnoOf(cause) ?? String(cause)}`, { cause });

  try {
    lstatSync(fsPath(dot));
  } catch (error) {
    throw new DecantError("CONTEXT", `Cannot use "${root}": it is not a directory that can be read`, { cause: error });
  }
  return {
    path: pathOf,
    stat(path) {
      try {
        return path === ROOT ? lstatSync(fsPath(dot)) : lstatSync(fsPath(pathOf(path)), { throwIfNoEntry: false });
      } catch (error) {
        // A parent that is a file: there is nothing of this name.
        if (errnoOf(error) === "ENOTDIR" || errnoOf(error) === "ENAMETOOLONG") return undefined;
        throw error;
      }
    },
    names(path) {
      try {
        // Without slashes the order of parts is the order of strings.
        return readdirSync(fsPath(pathOf(path)), { encoding: "latin1" }).sort();
      } catch (error) {
        if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
        throw cannotRead("directory", path, error);
      }
    },
    target(path) {
      try {
        return readlinkSync(fsPath(pathOf(path)), { encoding: "latin1" });
      } catch (error) {
        throw cannotRead("link", path, error);
      }
    },
  };
}
