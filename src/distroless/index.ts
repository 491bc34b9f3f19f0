/** Distroless bases: recipes, the catalogue, and assembling them from verified packages. */
export { assembleBase, type AssembledBase, type AssembleOptions, type AssemblyReport } from "./assemble.ts";
export { catalogueFolder, type CatalogueOptions, loadRecipe } from "./catalogue.ts";
export { type NpmPackage, type RegistrySignature } from "./npm.ts";
export { parseRecipe } from "./parse-recipe.ts";
export {
  type Group,
  joinRecipes,
  type NodePart,
  type NodeSource,
  type Recipe,
  type RecipeDocument,
  type RecipeFile,
  type RecipePart,
  type RecipeVariant,
  type User,
  withVariant,
} from "./recipe.ts";
