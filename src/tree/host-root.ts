/** A directory of the host, and what is below it by its path in a tree. Nothing is followed but the root itself. */
import { lstatSync, readlinkSync } from "node:fs";
import { DecantError, errnoOf, isDecantError } from "../errors.ts";
import { displayPath, fromText, ROOT, type TreePath } from "../paths.ts";
import { type FileStat, type InsidePath, readXattrs, reopenInside } from "../sys/index.ts";
import { goneSinceListed } from "./errors.ts";
import { fsPath, inFolder, listFolder, readListed, statInFolder } from "./host-files.ts";

/** What the kernel says of a path below what is no directory. */
const NO_PARENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** What is below the directory. */
interface HostRoot {
  /** Where a path is on the host. */
  place(path: TreePath): InsidePath;
  /** What is there; undefined for nothing, also below what is no directory. */
  stat(path: TreePath): FileStat | undefined;
  /**
   * The names in a directory, in the order of their bytes, with what is there; none when it is not there. Throws `CONTEXT`, also for what is no directory
   * any more.
   */
  list(path: TreePath): readonly (readonly [name: string, stat: FileStat])[];
  /** Where a symlink leads, as it is written. Throws `CONTEXT`. */
  target(path: TreePath): string;
  /** The extended attributes that are wanted. Throws `SYSCALL`, and `CONTEXT`. */
  xattrs(path: TreePath, wanted: (name: string) => boolean): Map<string, Buffer>;
}

/** Opens `root`, an absolute path in UTF-16. Throws `CONTEXT` when it is no directory. */
export function openHostRoot(root: string): HostRoot {
  const rootPath = fromText(root).replace(/\/+$/, "");
  const rootLength = rootPath.length;
  reopenInside(rootPath);
  // A root that is a symlink is the user's own choice: its "." is followed.
  const dot = `${rootPath}/.`;
  const pathOf = (path: TreePath): string => (path === ROOT ? dot : `${rootPath}/${path}`);
  const at = <Result>(path: string, run: (path: string | Buffer) => Result): Result => inFolder(path, rootLength, run);
  const cannotRead = (what: string, path: TreePath, cause: unknown): DecantError =>
    new DecantError("CONTEXT", `Cannot read ${what} "${displayPath(path)}" of "${root}": ${errnoOf(cause) ?? String(cause)}`, { cause });

  try {
    lstatSync(fsPath(dot));
  } catch (error) {
    throw new DecantError("CONTEXT", `Cannot use "${root}": it is not a directory that can be read`, { cause: error });
  }
  return {
    place: (path) => ({ path: pathOf(path), root: rootLength }),
    stat(path) {
      try {
        return statInFolder(pathOf(path), rootLength);
      } catch (error) {
        // A parent that is no directory, or none any more: there is nothing of this name.
        if (NO_PARENT.has(errnoOf(error)) && path !== ROOT) return undefined;
        throw error;
      }
    },
    list(path) {
      try {
        return listFolder(path === ROOT ? rootPath : pathOf(path), rootLength);
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return [];
        if (NO_PARENT.has(errnoOf(error))) throw goneSinceListed(pathOf(path), error);
        throw isDecantError(error) ? error : cannotRead("directory", path, error);
      }
    },
    target(path) {
      try {
        return at(pathOf(path), targetOf);
      } catch (error) {
        throw cannotRead("link", path, error);
      }
    },
    xattrs: (path, wanted) => readListed(pathOf(path), () => at(pathOf(path), (short) => readXattrs(short, wanted))),
  };
}

function targetOf(path: string | Buffer): string {
  return readlinkSync(path, { encoding: "latin1" });
}
