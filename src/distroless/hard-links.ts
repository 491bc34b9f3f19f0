/** Hard links of a recipe: further names of files of the base. Pure. */
import { displayPath, type TreePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { recipeError } from "./errors.ts";

/**
 * The recipe's own items with the file of each hard link among them: both names must be in one layer, as a link into a lower one leads nowhere for some run
 * times. `below`: what packages have. Throws `RECIPE` for a link to what is no file.
 */
export function withLinkedFiles(recipe: string, own: readonly LayerItem[], below: ReadonlyMap<TreePath, LayerItem>): LayerItem[] {
  const byPath = new Map<string, LayerItem>(own.map((item) => [item.entry.path, item]));
  const lower = new Map<string, LayerItem>(below);
  const added = new Map<string, LayerItem>();
  const fileAt = (path: string): LayerItem | undefined => {
    const mine = byPath.get(path) ?? added.get(path);
    if (mine !== undefined) return mine.entry.kind === "file" ? mine : undefined;
    const found = lower.get(path);
    const holder = found?.entry.kind === "hardlink" ? lower.get(found.entry.link ?? "") : found;
    if (found === undefined || holder?.entry.kind !== "file") return undefined;
    const copy = { ...holder, entry: { ...holder.entry, path: found.entry.path } };
    added.set(path, copy);
    return copy;
  };
  const linked = own.map((item) => {
    const { kind, path, link = "" } = item.entry;
    if (kind !== "hardlink") return item;
    const file = fileAt(link);
    if (file === undefined)
      throw recipeError(recipe, `its hard link ${displayPath(path)} is a name of /${link}, which is no file of the base`);
    const { digest: _digest, ...entry } = file.entry;
    return { entry: { ...entry, path, kind, link: file.entry.path, size: 0 } };
  });
  return [...added.values(), ...linked];
}
