/**
 * A merged /usr: /bin, /sbin and /lib* are links into /usr, and what packages have there belongs into /usr. A real directory laid over one of the links
 * would hide all of the system's libraries, so nothing may keep such a path.
 */
import { debianRelease } from "../debian/index.ts";
import { cleanTreePath, displayPath, joinTreePath, parentOf, type TreePath, treePath } from "../paths.ts";
import type { Entry, LayerItem } from "../tree/index.ts";
import { packageConflict } from "./errors.ts";
import { directoryEntry } from "./layer-items.ts";

const USR = treePath("usr");
const DIRECTORIES: readonly string[] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/** These have a link in every base, as in Debian. */
const ALWAYS: ReadonlySet<string> = new Set(["bin", "sbin", "lib"]);

/** Whether the images of a release have a merged /usr: Debian 13 and later. Packages of older ones have files outside of /usr, and stay as they are. */
export function hasMergedUsr(suite: string): boolean {
  return debianRelease(suite)?.hasMergedUsr ?? true;
}

/** Where a path is in a merged /usr. */
export function mergedPath(path: TreePath): TreePath {
  const [first = ""] = path.split("/", 1);
  return DIRECTORIES.includes(first) ? joinTreePath(USR, path) : path;
}

/**
 * Moves the items of one owner into /usr. Its own links of the top level go: `usrLinks` gives them. Throws `RECIPE` for two files that would get one path,
 * and for a top-level link that leads elsewhere.
 */
export function mergeItems(recipe: string, owner: string, items: readonly LayerItem[]): LayerItem[] {
  const taken = new Map<TreePath, LayerItem>();
  for (const item of items) {
    const { entry } = item;
    const path = mergedPath(entry.path);
    if (DIRECTORIES.includes(entry.path) && entry.kind !== "dir") {
      if (entry.kind === "symlink" && leadsTo(entry) === path) continue;
      throw packageConflict(recipe, `${displayPath(entry.path)} of ${owner} is a ${entry.kind}; wanted a link to ${path}`);
    }
    const moved = path === entry.path ? relinked(item) : relinked({ ...item, entry: { ...entry, path } }, entry.path);
    const other = taken.get(path);
    // A link from one place to the other is only there to bridge the two.
    if (isLinkToItself(moved.entry)) continue;
    if (other !== undefined && !(other.entry.kind === "dir" && moved.entry.kind === "dir"))
      throw packageConflict(recipe, `${owner} has ${displayPath(path)} both in /usr and outside of it`);
    if (other === undefined) taken.set(path, moved);
  }
  return [...taken.values()];
}

/** The links of the top level: those that every base has, and those to directories that `hasPath` knows. */
export function usrLinks(hasPath: (path: TreePath) => boolean): LayerItem[] {
  return DIRECTORIES.filter((name) => ALWAYS.has(name) || hasPath(treePath(`usr/${name}`))).map((name) => ({
    entry: { ...directoryEntry(treePath(name), { mode: 0o777 }), kind: "symlink", link: `usr/${name}` },
  }));
}

/** A relative target means something else from another directory; hard links name their file by its path. */
function relinked(item: LayerItem, from: TreePath = item.entry.path): LayerItem {
  const { entry } = item;
  if (entry.link === undefined) return item;
  if (entry.kind === "hardlink") return { ...item, entry: { ...entry, link: mergedPath(cleanTreePath(entry.link)) } };
  if (from === entry.path || entry.link.startsWith("/")) return item;
  const meant = mergedPath(absoluteTarget(from, entry.link));
  if (mergedPath(absoluteTarget(entry.path, entry.link)) === meant) return item;
  return { ...item, entry: { ...entry, link: `/${meant}` } };
}

function isLinkToItself(entry: Entry): boolean {
  return entry.kind === "symlink" && leadsTo(entry) === entry.path;
}

function leadsTo(entry: Entry): TreePath {
  return mergedPath(absoluteTarget(entry.path, entry.link ?? ""));
}

function absoluteTarget(path: TreePath, link: string): TreePath {
  return cleanTreePath(link.startsWith("/") ? link : `${parentOf(path)}/${link}`);
}
