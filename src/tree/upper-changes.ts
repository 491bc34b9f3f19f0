/** What a RUN changed, on its way into an index: with the directories above it, and with links among what was there before (rule S127). */
import type { TreePath } from "../paths.ts";
import { parentOf, ROOT } from "../paths.ts";
import { type BuiltIndex, createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import type { Entry } from "./types.ts";

/** Takes what a walk through the upper directory finds. */
interface UpperChanges {
  addWhiteout(path: TreePath): void;
  /** Enters a directory. One that did not change comes in when something below it does. */
  enter(directory: Entry, isChanged: boolean): void;
  /** Leaves it. */
  leave(path: TreePath): void;
  /** Anything else. `inode`: what it shares with its other names, if it has some. */
  addLeaf(entry: Entry, isChanged: boolean, inode: string | undefined): void;
  finish(): BuiltIndex;
}

/** A file with several names that was met before. */
interface FirstName {
  readonly entry: Entry;
  isAdded: boolean;
}

/** Starts without a change. */
export function createUpperChanges(): UpperChanges {
  const builder = createIndexBuilder();
  /** Directories around the current one that were not added. */
  const waiting = new Map<TreePath, Entry>();
  const inodes = new Map<string, FirstName>();

  const addParents = (path: TreePath): void => {
    if (path === ROOT) return;
    addParents(parentOf(path));
    const entry = waiting.get(path);
    if (entry === undefined) return;
    builder.add(entry, NO_DATA);
    waiting.delete(path);
  };
  const add = (entry: Entry): void => {
    addParents(parentOf(entry.path));
    builder.add(entry, NO_DATA);
  };
  return {
    addWhiteout: (path) => add({ path, kind: "whiteout", mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 }),
    enter(directory, isChanged) {
      if (isChanged) add(directory);
      else waiting.set(directory.path, directory);
    },
    leave(path) {
      // A later link may need it still: it stays when links are about.
      if (inodes.size === 0) waiting.delete(path);
    },
    addLeaf(entry, isChanged, inode) {
      const first = inode === undefined ? undefined : inodes.get(inode);
      if (first === undefined) {
        if (inode !== undefined) inodes.set(inode, { entry, isAdded: isChanged });
        if (isChanged) add(entry);
        return;
      }
      if (!isChanged) return;
      // The new name must be a link to what was there before.
      if (!first.isAdded) add(first.entry);
      first.isAdded = true;
      add({ ...entry, kind: "hardlink", size: 0, link: first.entry.path });
    },
    finish: () => builder.finish(),
  };
}
