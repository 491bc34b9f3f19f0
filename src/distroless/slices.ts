/**
 * Which paths of a package are in an image: parts (only some paths), and slices (paths that are left out). Copyright files always stay. Pure.
 */
import { parentOf, ROOT, type TreePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { pathGlobs } from "./path-glob.ts";
import type { Recipe } from "./recipe.ts";

/** The items of a package that the recipe takes. A directory that loses all that it had goes, too. */
export function takenItems(name: string, items: readonly LayerItem[], recipe: Pick<Recipe, "parts" | "slices">): LayerItem[] {
  const isWanted = wantedPaths(name, recipe);
  if (isWanted === undefined) return [...items];
  const kept = items.filter(({ entry }) => entry.kind !== "dir" && (isCopyright(entry.path) || isWanted(entry.path)));
  const filled = ancestors(kept);
  const wereFilled = ancestors(items.filter(({ entry }) => entry.kind !== "dir"));
  const directories = items.filter(
    ({ entry: { kind, path } }) => kind === "dir" && (filled.has(path) || (!wereFilled.has(path) && isWanted(path))),
  );
  return [...directories, ...withOwnBytes(kept, items)];
}

/** Does the recipe want a path that a script would have made, such as a link to a manual page? `name`: the package; without: whichever package it is of. */
export function isWantedPath(path: TreePath, { slices }: Pick<Recipe, "slices">, name = ""): boolean {
  return wantedPaths(name, { parts: [], slices })?.(path) ?? true;
}

/** Undefined: all of them. */
function wantedPaths(name: string, recipe: Pick<Recipe, "parts" | "slices">): ((path: TreePath) => boolean) | undefined {
  const part = recipe.parts.find((one) => one.package === name);
  const inPart = part === undefined ? () => true : pathGlobs(part.keep);
  const slices = recipe.slices
    .filter((slice) => slice.package === undefined || slice.package === name)
    .map((slice) => ({ drops: pathGlobs(slice.drop), keeps: pathGlobs(slice.keep ?? []) }))
    .toReversed();
  if (part === undefined && slices.length === 0) return undefined;
  return (path) => {
    if (!inPart(path)) return false;
    const last = slices.find(({ drops, keeps }) => keeps(path) || drops(path));
    return last === undefined || last.keeps(path);
  };
}

/** /usr/share/doc/NAME/copyright, and a link that stands for such a directory. */
export function isCopyright(path: TreePath): boolean {
  return /^usr\/share\/doc\/[^/]+(?:\/copyright)?$/.test(path);
}

function ancestors(items: readonly LayerItem[]): Set<TreePath> {
  const found = new Set<TreePath>();
  for (const { entry } of items)
    for (let parent = parentOf(entry.path); parent !== ROOT && !found.has(parent); parent = parentOf(parent)) found.add(parent);
  return found;
}

/** A hard link to a name that was left out becomes the file. */
function withOwnBytes(kept: readonly LayerItem[], items: readonly LayerItem[]): LayerItem[] {
  const there = new Set<string>(kept.map(({ entry }) => entry.path));
  const moved = new Map<string, TreePath>();
  return kept.map((item) => {
    const { kind, link = "", path } = item.entry;
    if (kind !== "hardlink" || there.has(link)) return item;
    const holder = moved.get(link);
    if (holder !== undefined) return { entry: { ...item.entry, link: holder } };
    moved.set(link, path);
    const source = items.find(({ entry }) => entry.path === link);
    return source === undefined ? item : { ...source, entry: { ...source.entry, path } };
  });
}
