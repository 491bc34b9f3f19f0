/** Distroless bases: recipes, the catalogue, and assembling them from verified packages. */
export { assembleBase } from "./assemble.ts";
export { type BaseName, baseOfImage, isRecipeFile, parseBaseName } from "./base-name.ts";
export { catalogueFolder, type CatalogueOptions, listRecipes, loadRecipe } from "./catalogue.ts";
export { type NpmPackage, type RegistrySignature } from "./npm.ts";
export { parseRecipe } from "./parse-recipe.ts";
export { joinRecipes, withVariant } from "./join-recipes.ts";
export type * from "./recipe.ts";
export type { AssembledBase, AssembleOptions, AssemblyReport } from "./types.ts";
