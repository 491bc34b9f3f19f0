/**
 * Watches what the layers of a base do to each other: two packages with the same file, or a directory laid over a symbolic link (a
 * merged /usr and a package with a real /lib, which would hide all of /usr/lib), are errors and not surprises at run time.
 */
import { packageConflict } from "./errors.ts";
import { displayPath } from "../paths.ts";
import type { Entry, LayerIndex } from "../tree/index.ts";
import type { TreePath } from "../paths.ts";

/** What the layers so far have. */
export interface OverlayCheck {
  /** Adds a layer. `mayReplace`: its files may replace those of lower layers (a recipe's own files). Throws `RECIPE`. */
  add(index: LayerIndex, owner: string, options: { readonly mayReplace: boolean }): void;
  /** The topmost entry of a path. */
  entry(path: TreePath): Entry | undefined;
}

/** Starts with nothing. */
export function createOverlayCheck(recipe: string): OverlayCheck {
  const laid = new Map<TreePath, { readonly entry: Entry; readonly owner: string }>();
  return {
    entry: (path) => laid.get(path)?.entry,
    add(index, owner, { mayReplace }) {
      for (let at = 0; at < index.count; at += 1) {
        const entry = index.at(at);
        const below = laid.get(entry.path);
        if (below !== undefined) {
          const isDirectory = entry.kind === "dir";
          if (isDirectory !== (below.entry.kind === "dir"))
            throw packageConflict(
              recipe,
              `${displayPath(entry.path)} is a ${below.entry.kind} of ${below.owner} and a ${entry.kind} of ${owner}`,
            );
          if (!isDirectory && !mayReplace) throw packageConflict(recipe, `${displayPath(entry.path)} is in ${below.owner} and in ${owner}`);
        }
        laid.set(entry.path, { entry, owner });
      }
    },
  };
}
