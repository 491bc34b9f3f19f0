/** What makes two recipes the same: the values that count, whatever the order of fields, the folder or the layout of the YAML. */
import { type Digest, framedDigest } from "../digest.ts";
import type { Recipe } from "./recipe.ts";

/** Raised when the values of a recipe get another meaning. */
const FORMAT = "1";
/** What the configuration is made of, and words for people: layers do not depend on it. */
const NOT_IN_LAYERS = new Set([
  "env",
  "entrypoint",
  "cmd",
  "user",
  "workdir",
  "annotations",
  "labels",
  "ports",
  "volumes",
  "stopSignal",
  "support",
  "variants",
  "variant",
  "description",
  "architectures",
  // Layers depend on the packages, wherever they come from and why.
  "sources",
  "versions",
  "ignore",
]);

/** Of all variants, with the contents of its files. Given to a lock, to tell when the recipe has changed. */
export function recipeDigest(recipe: Recipe): Digest {
  const { description: _description, support: _support, ...values } = recipe;
  return framedDigest(["recipe", FORMAT, canonical(values)]);
}

/** Of what the layers are made of. Recipes that differ in their configuration only have the same. */
export function layersDigest(recipe: Recipe): Digest {
  const values = Object.entries(recipe).filter(([key]) => !NOT_IN_LAYERS.has(key));
  return framedDigest(["layers", FORMAT, canonical(Object.fromEntries(values))]);
}

function canonical(values: unknown): string {
  return JSON.stringify(values, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    // The contents of a file count, not where it is on this machine.
    const isHostFile = Object.hasOwn(value, "digest") && Object.hasOwn(value, "size");
    return Object.fromEntries(entries.filter(([key]) => !(isHostFile && key === "path")).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
