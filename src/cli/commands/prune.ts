/** `decant prune`. */
import { given } from "../../given.ts";
import { pruneStore } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { olderThanMs, PRUNE_OPTION_TABLE, pruneText } from "../prune.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "prune",
    usage: "",
    summary: "Remove what no image needs and no running build uses: layers, blobs, old cache",
    notes: 'Images with a name stay. "decant image prune" removes those without.',
    options: {
      ...STORE_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: "Also remove the whole build cache" },
      ...PRUNE_OPTION_TABLE,
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    unsupported: {
      "keep-storage": { type: "string", hint: "Use decant cache gc --max-used-space SIZE" },
      "max-used-space": { type: "string", hint: "Use decant cache gc --max-used-space SIZE" },
      "min-free-space": { type: "string", hint: "Use decant cache gc --min-free-space SIZE" },
      "reserved-space": { type: "string", hint: "Use decant cache gc --max-used-space SIZE" },
      verbose: { type: "boolean", hint: "Leave it out" },
      volumes: { type: "boolean", hint: "Leave it out: Decant keeps no volumes" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const run = pruneStore({
      ...storeOptions(values, context),
      ...given({ all: values.all }),
      olderThanMs: olderThanMs(values),
    });
    await context.stdout.write(pruneText(await showRun(run, values.progress ?? "auto", context), values.all === true ? "all" : "part"));
    return 0;
  },
);
