/** Paths as processes of the image see them. In one-char-per-byte form, absolute, links followed by the reader and not before. */
import { fromText, type TreePath } from "../paths.ts";
import { environmentValue } from "../oci/index.ts";
import { type Entry, followPath, type Tree } from "../tree/index.ts";

/** As many bytes as Linux takes. */
const PATH_MAX = 4096;

/** What follows links. */
export interface PathFiles {
  /** What a path leads to when links are followed, as a process in the image sees it; undefined for nowhere and for circles. */
  resolve(path: TreePath): Entry | undefined;
}

/** The files of a tree. */
export function pathFiles(tree: Tree): PathFiles {
  return { resolve: (path) => followPath(tree, path)?.entry };
}

/** "/a/b" of "b" in "/a"; an absolute path stays as it is. ".." stays too: where it leads depends on links. */
export function absolutePath(path: string, folder: string): string {
  if (path.startsWith("/")) return path;
  return path === "" ? folder : `${folder === "/" ? "" : folder}/${path}`;
}

/** The directory part: "/" for "/a". */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The last part. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** What an absolute path leads to, ".." and links followed as the kernel does; undefined for nowhere. */
export function entryAt(files: PathFiles, path: string): Entry | undefined {
  if (path.length > PATH_MAX || path.includes("\0")) return undefined;
  // `resolve` follows ".." and "." itself; without the leading slash this is what it takes.
  return files.resolve(path.replace(/^\/+/, "") as TreePath);
}

/** The file that an absolute path leads to. */
export function fileAt(files: PathFiles, path: string): Entry | undefined {
  const entry = entryAt(files, path);
  return entry?.kind === "file" ? entry : undefined;
}

/** The last value of an environment variable, in the form of paths; undefined when it is not set. */
export function environmentPath(env: readonly string[] | undefined, name: string): string | undefined {
  const value = environmentValue(env, name);
  return value === undefined ? undefined : fromText(value);
}
