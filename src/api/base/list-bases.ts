/** `listBases`: the catalogue. */
import { firstEnd, listRecipes, loadRecipe } from "../../distroless/index.ts";
import { given } from "../../given.ts";
import type { BaseSummary } from "./types.ts";

export { recipeSchemaText } from "../../distroless/index.ts";

/** The recipes that come with Decant, by name. */
export async function listBases(): Promise<BaseSummary[]> {
  const summaries: BaseSummary[] = [];
  for (const name of await listRecipes()) {
    const recipe = await loadRecipe(name);
    const { description, suite, architectures, variants } = recipe;
    const support = firstEnd(recipe);
    summaries.push({
      name,
      suite,
      architectures,
      variants: Object.keys(variants),
      ...given({ description, support }),
    });
  }
  return summaries;
}
