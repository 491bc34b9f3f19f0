/** Owners and modes that a recipe gives to what is in the base, whichever package brings it. Pure. */
import { given } from "../given.ts";
import { isWithin, ROOT, type TreePath, treePath } from "../paths.ts";
import type { Entry, LayerItem } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { mergedPath } from "./merged-usr.ts";
import type { Share } from "./overlay-check.ts";
import type { Permission, Recipe } from "./recipe.ts";

/** The shares with the recipe's permissions in their order. Throws `RECIPE` for a path that none of them has. */
export function withPermissions<Item extends Share>(recipe: Recipe, shares: readonly Item[]): Item[] {
  return (recipe.permissions ?? []).reduce<Item[]>(
    (before, permission) => {
      const path = treePath(permission.path);
      const place = recipe.usrMerge ? mergedPath(path) : path;
      let isThere = false;
      const after = before.map((share) => {
        const selected = selectedPaths(share.items, place, permission.recursive === true);
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

/** The names of one file have one owner and mode: with one of them, all are selected. */
function selectedPaths(items: readonly LayerItem[], place: TreePath, recursive: boolean): ReadonlySet<string> {
  const selected = new Set<string>();
  for (const { entry } of items) {
    const isSelected = entry.path === place || (recursive && (place === ROOT || isWithin(entry.path, place)));
    if (isSelected) selected.add(entry.kind === "hardlink" ? (entry.link ?? entry.path) : entry.path);
  }
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
