/**
 * Joins what the parts of a base bring. Two packages with the same file, or anything below what is a file or a link elsewhere (a merged /usr and a
 * package with a real /lib, which would hide all of /usr/lib), are errors and not surprises at run time. Pure.
 */
import { packageConflict } from "./errors.ts";
import { displayPath, parentOf, ROOT, type TreePath } from "../paths.ts";
import type { Entry, LayerItem } from "../tree/index.ts";

/** What one owner brings. */
export interface Share {
  /** For messages: "libc6 2.41-12". */
  readonly owner: string;
  readonly items: readonly LayerItem[];
  /** Its files may replace those of earlier ones (a recipe's own files). */
  readonly mayReplace: boolean;
}

interface Laid {
  readonly entry: Entry;
  readonly owner: string;
}

/** All items by path, as the base has them. Of several entries for one directory the first one of a package counts. Throws `RECIPE`. */
export function mergeShares(recipe: string, shares: readonly Share[]): Map<TreePath, LayerItem> {
  const laid = new Map<TreePath, Laid>();
  const items = new Map<TreePath, LayerItem>();
  for (const { owner, items: own, mayReplace } of shares)
    for (const item of own) {
      const { entry } = item;
      const below = laid.get(entry.path);
      const isDirectory = entry.kind === "dir";
      if (below !== undefined && isDirectory !== (below.entry.kind === "dir"))
        throw packageConflict(
          recipe,
          `${displayPath(entry.path)} is a ${below.entry.kind} of ${below.owner} and a ${entry.kind} of ${owner}`,
        );
      if (below !== undefined && !isDirectory && !mayReplace)
        throw packageConflict(recipe, `${displayPath(entry.path)} is in ${below.owner} and in ${owner}`);
      if (below !== undefined && isDirectory && !mayReplace) continue;
      laid.set(entry.path, { entry, owner });
      items.set(entry.path, item);
    }
  for (const { entry, owner } of laid.values())
    for (let parent = parentOf(entry.path); parent !== ROOT; parent = parentOf(parent)) {
      const above = laid.get(parent);
      if (above !== undefined && above.entry.kind !== "dir")
        throw packageConflict(
          recipe,
          `${displayPath(entry.path)} of ${owner} is below ${displayPath(parent)}, which is a ${above.entry.kind} of ${above.owner}`,
        );
    }
  return items;
}
