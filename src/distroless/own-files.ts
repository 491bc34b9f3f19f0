/** What the recipe itself brings, as items: accounts, files, links and directories. */
import { fromText, treePath } from "../paths.ts";
import type { LayerItem } from "../tree/index.ts";
import { accountFiles } from "./accounts.ts";
import { directoryEntry, textItem } from "./layer-items.ts";
import type { Recipe, RecipeFile } from "./recipe.ts";

/** For one OCI architecture. Of two with one path the later one counts. */
export function ownItems(recipe: Recipe, architecture: string): LayerItem[] {
  const accounts = recipe.users.length + recipe.groups.length === 0 ? [] : accountFiles(recipe);
  const files = recipe.files.filter((file) => file.architecture === undefined || file.architecture === architecture);
  return [...accounts, ...files].map(ownItem);
}

function ownItem(file: RecipeFile): LayerItem {
  const options = {
    uid: file.uid ?? 0,
    gid: file.gid ?? 0,
    ...(file.mode === undefined ? {} : { mode: Number.parseInt(file.mode, 8) }),
  };
  if (file.text !== undefined) return textItem(file.path, file.text, options);
  const path = treePath(file.path);
  const { content } = file;
  if (content !== undefined) {
    const entry = directoryEntry(path, { mode: 0o644, ...options });
    return {
      entry: { ...entry, kind: "file", size: content.size, digest: content.digest },
      data: { kind: "host", path: fromText(content.path) },
    };
  }
  const directory = directoryEntry(path, options);
  return { entry: file.link === undefined ? directory : { ...directory, kind: "symlink", mode: 0o777, link: fromText(file.link) } };
}
