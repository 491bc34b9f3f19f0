/** Owners and modes that a recipe gives to what is in the base, whichever package brings it. Pure. */
import { given } from "../given.ts";
import { isWithin, parentOf, ROOT, type TreePath, treePath } from "../paths.ts";
import type { Entry, LayerItem } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { directoryEntry } from "./layer-items.ts";
import { mergedPath } from "./merged-usr.ts";
import type { Share } from "./merge-shares.ts";
import type { Permission, Recipe } from "./recipe.ts";

/** The shares with the recipe's permissions in their order. Throws `RECIPE` for a path that none of them has. */
export function withPermissions<Item extends Share>(recipe: Recipe, shares: readonly Item[]): Item[] {
  return (recipe.permissions ?? []).reduce<Item[]>(
    (before, permission) => {
      const path = treePath(permission.path);
      const place = recipe.usrMerge ? mergedPath(path) : path;
      const isSelected = (one: TreePath): boolean =>
        one === place || (permission.recursive === true && (place === ROOT || isWithin(one, place)));
      let isThere = false;
      const after = withImpliedDirectories(before, isSelected).map((share) => {
        const selected = selectedPaths(share.items, isSelected);
        if (selected.size === 0) return share;
        isThere = true;
        return { ...share, items: share.items.map((item) => (selected.has(item.entry.path) ? permitted(item, permission) : item)) };
      });
      if (isThere) return after;
      throw recipeError(recipe.name, `its permissions name "${permission.path}", which the base does not have`, {
        hint: "Name a path that a package or one of the recipe's files brings",
      });
    },
    [...shares],
  );
}

/** With the selected directories that are there for what is below them, and that nobody names. */
function withImpliedDirectories<Item extends Share>(shares: readonly Item[], isSelected: (path: TreePath) => boolean): Item[] {
  const named = new Set(shares.flatMap(({ items }) => items.map(({ entry }) => entry.path)));
  return shares.map((share) => {
    const implied = new Set<TreePath>();
    for (const { entry } of share.items)
      for (let parent = parentOf(entry.path); parent !== ROOT; parent = parentOf(parent))
        if (!named.has(parent) && isSelected(parent)) implied.add(parent);
    return implied.size === 0
      ? share
      : { ...share, items: [...share.items, ...[...implied].map((path) => ({ entry: directoryEntry(path) }))] };
  });
}

/** The names of one file have one owner and mode: with one of them, all are selected. */
function selectedPaths(items: readonly LayerItem[], isSelected: (path: TreePath) => boolean): ReadonlySet<string> {
  const selected = new Set<string>();
  for (const { entry } of items)
    if (isSelected(entry.path)) selected.add(entry.kind === "hardlink" ? (entry.link ?? entry.path) : entry.path);
  for (const { entry } of items) if (entry.kind === "hardlink" && selected.has(entry.link ?? "")) selected.add(entry.path);
  return selected;
}

function permitted(item: LayerItem, permission: Permission): LayerItem {
  const { entry } = item;
  const mode = modeOf(entry, permission);
  return {
    ...item,
    entry: { ...entry, uid: permission.uid ?? entry.uid, gid: permission.gid ?? entry.gid, ...given({ mode }) },
  };
}

/** Links have no mode of their own. */
function modeOf({ kind }: Entry, { mode, directoryMode, recursive }: Permission): number | undefined {
  if (kind === "symlink") return undefined;
  const wanted = mode === undefined ? undefined : Number.parseInt(mode, 8);
  if (kind !== "dir") return wanted;
  if (directoryMode !== undefined) return Number.parseInt(directoryMode, 8);
  // Who may read a file below may enter its directory.
  return wanted === undefined || recursive !== true ? wanted : wanted | ((wanted & 0o444) >> 2);
}
