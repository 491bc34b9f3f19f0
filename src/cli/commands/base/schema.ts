/** `decant base schema`. */
import { recipeSchemaText } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base schema",
    usage: "",
    summary: "Print the JSON schema of recipes, for editors",
    notes: `Editors with the YAML language server complete and check a recipe whose first line is
  # yaml-language-server: $schema=recipe.schema.json`,
    options: {},
    words: { min: 0, max: 0 },
  },
  async (_values, _words, context) => {
    await context.stdout.write(await recipeSchemaText());
    return 0;
  },
);
