/** Writes recipes/recipe.schema.json from the table that recipes are parsed with. `npm run docs`; scripts/check-docs.ts checks that it was done. */
import { writeFileSync } from "node:fs";
import { toJsonSchema } from "@valibot/to-json-schema";
import { recipeSchema } from "../src/distroless/recipe-schema.ts";

/** Where the schema is. */
export const RECIPE_SCHEMA = "recipes/recipe.schema.json";

/** The schema's text. */
export function recipeSchemaJson(): string {
  // What JSON schema cannot say (exactly one of some fields) is left to the parser.
  const schema = toJsonSchema(recipeSchema, { typeMode: "input", errorMode: "ignore", target: "draft-2020-12" });
  return `${JSON.stringify({ title: "Decant recipe", ...schema }, undefined, 2)}\n`;
}

if (import.meta.main) writeFileSync(RECIPE_SCHEMA, recipeSchemaJson());
