/** `decant image prune`. */
import { pruneStore } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { PROGRESS_MODES, showRun } from "../../progress/show.ts";
import { PRUNE_OPTION_TABLE, olderThanMs, pruneText } from "../../prune.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "image prune",
    usage: "",
    summary: "Remove the images that have no name, and what only they need",
    notes: 'Images with a name stay. The build cache stays, too: "decant prune --all" removes it.',
    options: {
      ...STORE_OPTION_TABLE,
      ...PRUNE_OPTION_TABLE,
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    unsupported: {
      all: {
        type: "boolean",
        short: "a",
        hint: "It would remove every image, as Decant keeps no containers: name the images, e.g. decant rmi $(decant images -q)",
      },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const run = pruneStore({ ...storeOptions(values, context), untagged: true, olderThanMs: olderThanMs(values) });
    await context.stdout.write(pruneText(await showRun(run, values.progress ?? "auto", context), "part"));
    return 0;
  },
);
