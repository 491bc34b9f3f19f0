/** Licences must be in the image: many packages share the copyright file of another one by a link, which must not lead to nowhere. Pure. */
import { displayPath, treePath } from "../paths.ts";
import { followPath, type Tree } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import type { Placed } from "./package-levels.ts";

/** Throws `RECIPE` for a package whose copyright file is a link, or in a linked directory, and missing. */
export function checkCopyright(recipe: string, tree: Tree, packages: readonly Placed[]): void {
  for (const { binary } of packages) {
    const directory = treePath(`/usr/share/doc/${binary.name}`);
    const file = treePath(`/usr/share/doc/${binary.name}/copyright`);
    const hasLink = tree.lookup(directory)?.kind === "symlink" || tree.lookup(file)?.kind === "symlink";
    if (!hasLink) continue;
    const target = followPath(tree, file);
    if (target?.entry?.kind === "file") continue;
    const path = target?.path ?? file;
    const [, other] = /^usr\/share\/doc\/([^/]+)\//.exec(path) ?? [];
    const why = `the copyright file of ${binary.name} is ${displayPath(path)}, which no package of the recipe has`;
    throw recipeError(recipe, why, other === undefined ? {} : { hint: `Add to its parts: { package: ${other}, keep: [] }` });
  }
}
