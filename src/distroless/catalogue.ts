/** Finds recipes: those that come with Decant by name, others by path, and what they extend beside them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "../errors.ts";
import { recipeError } from "./errors.ts";
import { parseRecipe } from "./parse-recipe.ts";
import { joinRecipes } from "./join-recipes.ts";
import type { Recipe, RecipeDocument } from "./recipe.ts";

const MAX_CHAIN = 16;

/** Where recipes are looked for. */
export interface CatalogueOptions {
  /** Folder of the recipes that are known by name. Default: `recipes/` of this package. */
  readonly folder?: string;
}

/** Loads "nodejs18-debian12" of the catalogue, or a file ("./my.yaml"). Throws `RECIPE`. */
export async function loadRecipe(nameOrPath: string, options: CatalogueOptions = {}): Promise<Recipe> {
  const folder = options.folder ?? catalogueFolder();
  const isPath = /\.ya?ml$/.test(nameOrPath);
  const documents: RecipeDocument[] = [];
  const first = isPath ? nameOrPath : join(folder, `${checkName(nameOrPath)}.yaml`);
  for (let path: string | undefined = first; path !== undefined;) {
    const document = await readRecipe(path, isPath && path === first ? path : nameOrPath);
    if (documents.some((one) => one.name === document.name) || documents.length === MAX_CHAIN)
      throw recipeError(nameOrPath, `it extends itself: ${[...documents, document].map((one) => one.name).join(" → ")}`);
    documents.push(document);
    path = document.extends === undefined ? undefined : parentPath(document.extends, dirname(path), folder);
  }
  return joinRecipes(documents.toReversed());
}

/** The folder `recipes/` of this package, from the sources and from the built command alike. */
export function catalogueFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, "recipes");
    if (existsSync(join(candidate, "static-debian12.yaml"))) return candidate;
    if (dirname(folder) === folder) throw recipeError("recipes", "the recipes of this installation are missing");
  }
}

function checkName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return name;
  throw recipeError(name, "it is neither a name of the catalogue nor a .yaml file");
}

function parentPath(name: string, beside: string, folder: string): string {
  const own = join(beside, `${name}.yaml`);
  return existsSync(own) ? own : join(folder, `${name}.yaml`);
}

async function readRecipe(path: string, name: string): Promise<RecipeDocument> {
  try {
    return await parseRecipe({ name: path, text: await readFile(path, "utf8") });
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    const why = errnoOf(cause) === "ENOENT" ? `there is no file "${path}"` : `"${path}" cannot be read: ${errnoOf(cause) ?? ""}`;
    throw recipeError(name, why, { cause });
  }
}
