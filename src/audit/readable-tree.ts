/** A directory of the host for somebody who may not read all of it: what is refused is told, and counts as empty. */
import { accessSync, constants } from "node:fs";
import { errnoOf, isDecantError } from "../errors.ts";
import { toBytes, type TreePath } from "../paths.ts";
import type { Tree } from "../tree/index.ts";

/** The tree, and what was refused so far. */
export interface ReadableTree {
  readonly tree: Tree;
  /** Grows while the tree is read. */
  readonly refused: ReadonlySet<TreePath>;
}

const REFUSALS: ReadonlySet<string | undefined> = new Set(["EACCES", "EPERM"]);
/** As long as any file, and none of what anybody looks for. */
const NOTHING = "/dev/zero";

/** Wraps a tree of `hostTree`. A directory that may not be listed is empty; a file that may not be read is zeros. */
export function readableTree(tree: Tree): ReadableTree {
  const refused = new Set<TreePath>();
  return {
    refused,
    tree: {
      ...tree,
      readdir(path) {
        try {
          return tree.readdir(path);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          refused.add(path);
          return [];
        }
      },
      async data(entry) {
        const source = await tree.data(entry);
        if (source.kind !== "host" || mayRead(source.path)) return source;
        refused.add(entry.path);
        return { kind: "host", path: NOTHING };
      },
    },
  };
}

function mayRead(path: string): boolean {
  try {
    accessSync(toBytes(path), constants.R_OK);
    return true;
  } catch (error) {
    // Anything else is told by whoever reads it.
    return !isRefusal(error);
  }
}

function isRefusal(error: unknown): boolean {
  return REFUSALS.has(errnoOf(error)) || (isDecantError(error) && REFUSALS.has(errnoOf(error.cause)));
}
