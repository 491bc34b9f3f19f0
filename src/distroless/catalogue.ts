/** Finds recipes: those that come with Decant by name, others by path, and what they extend beside them. */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suggest } from "../dockerfile/index.ts";
import { packageFolder } from "../package-folder.ts";
import { checkNamedFile, type FilePlace, pathOfPlace, placeWithin, readNamedFile } from "../sys/index.ts";
import { isRecipeFile } from "./base-name.ts";
import { recipeError } from "./errors.ts";
import { joinRecipes } from "./join-recipes.ts";
import { parseRecipe } from "./parse-recipe.ts";
import { loadFiles } from "./recipe-files.ts";
import type { Recipe, RecipeDocument } from "./recipe.ts";

const MAX_CHAIN = 16;
const SHARED = "common";
const MAX_RECIPE_BYTES = 1024 * 1024;

/** Where recipes are looked for. */
interface CatalogueOptions {
  /** Folder of the recipes that are known by name. Default: `recipes/` of this package. */
  readonly folder?: string | undefined;
  /** Folders that are not the user's own: a recipe in one of them stays in it, whatever its links say. Default: none. */
  readonly within?: readonly string[] | undefined;
}

/** Loads "nodejs22-debian13" of the catalogue, or a file ("./my.yaml"). Throws `RECIPE`. */
export async function loadRecipe(nameOrPath: string, options: CatalogueOptions = {}): Promise<Recipe> {
  const folder = options.folder ?? catalogueFolder();
  const isFile = isRecipeFile(nameOrPath);
  const documents: RecipeDocument[] = [];
  const first: FilePlace = isFile
    ? (placeWithin(nameOrPath, options.within ?? []) ?? { path: nameOrPath })
    : { path: `${checkName(nameOrPath)}.yaml`, within: folder };
  for (let place: FilePlace | undefined = first; place !== undefined;) {
    const name: string = documents.at(-1)?.extends ?? nameOrPath;
    const document = await readRecipe(place, isFile && place === first ? undefined : { name, folder, wanted: nameOrPath });
    if (documents.some((one) => one.name === document.name) || documents.length === MAX_CHAIN)
      throw recipeError(nameOrPath, `it extends itself: ${[...documents, document].map((one) => one.name).join(" → ")}`);
    documents.push(await loadFiles(document, dirname(pathOfPlace(place))));
    place = document.extends === undefined ? undefined : parentPlace(document.extends, place, folder);
  }
  return joinRecipes(documents.toReversed());
}

/** The names of the catalogue, sorted. */
export async function listRecipes(options: CatalogueOptions = {}): Promise<string[]> {
  const files = await readdir(options.folder ?? catalogueFolder());
  return files
    .flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -".yaml".length)] : []))
    .filter((name) => name !== SHARED)
    .toSorted();
}

/** The JSON schema of recipes. */
export async function recipeSchemaText(): Promise<string> {
  const read = await readNamedFile({ path: "recipe.schema.json", within: catalogueFolder() }, { maxBytes: MAX_RECIPE_BYTES });
  if ("problem" in read) throw recipeError("recipe.schema.json", read.problem);
  return read.bytes.toString("utf8");
}

/** The folder `recipes/` of this package, from the sources and from the built command alike. */
export function catalogueFolder(): string {
  const root = packageFolder("recipes/static-debian12.yaml");
  if (root === undefined) throw recipeError("recipes", "the recipes of this installation are missing");
  return join(root, "recipes");
}

function checkName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return name;
  throw recipeError(name, "it is neither a name of the catalogue nor a .yaml file");
}

/** Beside the recipe, in the folder that it must be in; else in the catalogue. */
function parentPlace(name: string, { path, within }: FilePlace, folder: string): FilePlace {
  const beside =
    within === undefined ? { path: `${name}.yaml`, within: dirname(path) } : { path: join(dirname(path), `${name}.yaml`), within };
  return checkNamedFile(beside)?.isMissing === true ? { path: `${name}.yaml`, within: folder } : beside;
}

/** `named`: how the recipe was asked for, when not by its path. */
async function readRecipe(
  place: FilePlace,
  named: { readonly name: string; readonly folder: string; readonly wanted: string } | undefined,
): Promise<RecipeDocument> {
  const path = pathOfPlace(place);
  const read = await readNamedFile(place, { maxBytes: MAX_RECIPE_BYTES });
  if ("bytes" in read) return await parseRecipe({ name: path, text: read.bytes.toString("utf8") });
  if (!read.isMissing) throw recipeError(path, `it cannot be read: ${read.problem}`);
  if (named === undefined) throw recipeError(path, "there is no such file");
  const known = await listRecipes(named);
  const near = suggest(named.name, known) ?? newestOf(named.name, known);
  const why = named.name === named.wanted ? "the catalogue has no such recipe" : `it extends "${named.name}", which is not there`;
  throw recipeError(named.wanted, why, {
    hint: near === undefined ? "See: decant base list; or give the path of a .yaml file" : `Did you mean "${near}"?`,
  });
}

/** The newest release of the base that a name without one means, or nearly does. */
function newestOf(name: string, known: readonly string[]): string | undefined {
  const familyOf = (recipe: string): string => recipe.replace(/-debian\d+$/, "");
  const families = known.map(familyOf);
  const family = families.includes(name) ? name : suggest(name, families);
  return known.findLast((one) => familyOf(one) === family);
}
