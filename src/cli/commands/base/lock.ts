/** `decant base lock`. */
import { lockBase } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { DEBIAN_OPTION_TABLE, debianOptions } from "../../base/options.ts";
import { lockText } from "../../base/base-text.ts";
import type { Command } from "../../command.ts";
import { showRun } from "../../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base lock",
    usage: "RECIPE",
    summary: "Write down the exact packages of a base: versions, addresses, hashes, signed releases",
    notes: `RECIPE is a name of the catalogue (decant base list) or a .yaml file. The lock holds all its variants and architectures. It is written beside
the recipe, or here for a recipe of the catalogue, and is used by everything that assembles the base. Commit it.

Examples:
  decant base lock my-base.yaml
  decant base lock nodejs22-debian13 -o deploy/nodejs22-debian13.lock.json`,
    options: {
      ...DEBIAN_OPTION_TABLE,
      output: { type: "string", short: "o", value: "FILE", help: "Where the lock is written" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [base = ""], context) => {
    const run = lockBase({
      ...debianOptions(values, context),
      base,
      lockFile: values.output,
    });
    await context.stdout.write(lockText(await showRun(run, values.progress ?? "auto", context)));
    return 0;
  },
);
