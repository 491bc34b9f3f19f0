/** A directory of the host for somebody who may not read all of it, and has more mounted in it: what it skips is reported, and counts as empty. */
import { accessSync, constants } from "node:fs";
import { errnoOf, isDecantError } from "../errors.ts";
import { toBytes, type TreePath } from "../paths.ts";
import type { Tree } from "../tree/index.ts";

/** The tree, and what was passed over so far. */
interface ReadableTree {
  readonly tree: Tree;
  /** Grows while the tree is read. */
  readonly refused: ReadonlySet<TreePath>;
}

/** Tells of a directory whether another file system is mounted there: /proc has files without end. */
export type IsMounted = (path: TreePath) => boolean;

/** Refused, or gone since the walk: a directory of the host may be alive. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(["EACCES", "EPERM", "ENOENT", "ENOTDIR"]);
/** As long as any file, and none of what anybody looks for. */
const NOTHING = "/dev/zero";

/** Wraps a tree of `hostTree`. A directory that may not be listed, or is another file system, is empty; a file that may not be read is zeros. */
export function readableTree(tree: Tree, isMounted: IsMounted): ReadableTree {
  const refused = new Set<TreePath>();
  return {
    refused,
    tree: {
      ...tree,
      readdir(path) {
        try {
          if (!isMounted(path)) return tree.readdir(path);
        } catch (error) {
          if (!isRefusal(error)) throw error;
        }
        refused.add(path);
        return [];
      },
      async data(entry) {
        const source = await tree.data(entry);
        if (source.kind !== "host" || mayRead(source.path)) return source;
        refused.add(entry.path);
        return { kind: "slice", path: NOTHING, offset: 0 };
      },
    },
  };
}

function mayRead(path: string): boolean {
  try {
    accessSync(toBytes(path), constants.R_OK);
    return true;
  } catch (error) {
    // Whoever reads it reports anything else.
    return !isRefusal(error);
  }
}

function isRefusal(error: unknown): boolean {
  return REFUSALS.has(errnoOf(error)) || (isDecantError(error) && REFUSALS.has(errnoOf(error.cause)));
}
