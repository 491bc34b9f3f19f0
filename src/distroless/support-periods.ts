/** How long what is in a base gets security updates. Pure. */
import type { Recipe, SupportPeriod } from "./recipe.ts";

/** What ends first of all that a recipe and those that it extends tell of; undefined when they tell of nothing. */
export function firstEnd({ support = [] }: Pick<Recipe, "support">): SupportPeriod | undefined {
  return support.toSorted((a, b) => (a.until < b.until ? -1 : 1))[0];
}

/** The periods that are over: the last day has passed everywhere. */
export function endedSupport({ support = [] }: Pick<Recipe, "support">, now: Date): SupportPeriod[] {
  const today = now.toISOString().slice(0, 10);
  return support.filter(({ until }) => until < today);
}
