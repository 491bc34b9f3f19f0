/** `decant base show`. */
import { given } from "../../../given.ts";
import { showBase } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { DEBIAN_OPTION_TABLE, debianOptions, LOCK_OPTION_TABLE } from "../../base/options.ts";
import { detailsText } from "../../base/base-text.ts";
import type { Command } from "../../command.ts";
import { showRun } from "../../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base show",
    usage: "RECIPE[:VARIANT]",
    summary: "Show a base: packages, versions, sizes, layers, configuration",
    options: {
      ...DEBIAN_OPTION_TABLE,
      ...LOCK_OPTION_TABLE,
      locked: { type: "boolean", help: "Fail when the base has no lock" },
      scripts: { type: "boolean", help: "Also show what the packages' installation scripts would have done, and how Decant treats it" },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of the base; by default the host's" },
      format: { type: "string", short: "f", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [base = ""], context) => {
    const run = showBase({
      ...debianOptions(values, context),
      base,
      locked: values.locked,
      ...given({ scripts: values.scripts, platform: values.platform }),
    });
    const details = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(details, undefined, 2)}\n` : detailsText(details, new Date()));
    return 0;
  },
);
