/** What a process of some user may do with the files of a tree, by their permission bits. */
import { joinTreePath, ROOT, type TreePath } from "../paths.ts";
import { isExecutable } from "../facts/index.ts";
import { type Entry, followPath, type Tree } from "../tree/index.ts";

/** Who asks. Uid 0 may do everything that is possible at all. */
export interface Identity {
  readonly uid: number;
  readonly gids: readonly number[];
}

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** May `who` read the file, or list the directory? */
export function mayRead(entry: Entry, who: Identity): boolean {
  return who.uid === 0 || allows(entry, who, READ);
}

/** May `who` change the file, or what is in the directory? */
export function mayWrite(entry: Entry, who: Identity): boolean {
  return who.uid === 0 || allows(entry, who, entry.kind === "dir" ? WRITE | EXECUTE : WRITE);
}

/** May `who` start the file, or go through the directory? Even root cannot start what nobody may. */
export function mayExecute(entry: Entry, who: Identity): boolean {
  if (who.uid === 0) return entry.kind === "dir" || isExecutable(entry.mode);
  return allows(entry, who, EXECUTE);
}

function allows({ mode, uid, gid }: Entry, who: Identity, bits: number): boolean {
  const shift = uid === who.uid ? 6 : who.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

/** The first directory on the way to `path` that `who` cannot go through, links included; undefined when the way is free. */
export function blockedAt(tree: Tree, path: TreePath, who: Identity): Entry | undefined {
  const ways = new Set([path, followPath(tree, path)?.path ?? path]);
  for (const way of ways) {
    let current: TreePath = ROOT;
    for (const part of way === ROOT ? [] : way.split("/")) {
      const directory = tree.lookup(followPath(tree, current)?.path ?? current);
      if (directory !== undefined && !mayExecute(directory, who)) return directory;
      current = joinTreePath(current, part);
    }
  }
  return undefined;
}
