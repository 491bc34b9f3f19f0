/** `decant base update`. */
import { lockBase } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { DEBIAN_OPTION_TABLE, debianOptions, LOCK_OPTION_TABLE } from "../../base/options.ts";
import { lockText } from "../../base/base-text.ts";
import type { Command } from "../../command.ts";
import { showRun } from "../../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base update",
    usage: "RECIPE",
    summary: "Lock the newest packages of a base that has a lock, and show what changes",
    notes: `With --check Decant writes nothing, and the exit code is 1 when packages have updates.

Examples:
  decant base update my-base.yaml
  decant base update --check nodejs22-debian13`,
    options: {
      ...DEBIAN_OPTION_TABLE,
      ...LOCK_OPTION_TABLE,
      check: { type: "boolean", help: "Only show what would change" },
      changelog: { type: "boolean", help: "Fetch the newer packages, and show what their changelogs say" },
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [base = ""], context) => {
    const check = values.check === true;
    const run = lockBase({ ...debianOptions(values, context), base, update: true, write: !check, changelogs: values.changelog ?? false });
    const result = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(result, undefined, 2)}\n` : lockText(result));
    return check && Object.values(result.changes).some(({ packages }) => packages.length > 0) ? 1 : 0;
  },
);
