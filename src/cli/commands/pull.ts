/** `decant pull`. */
import { given } from "../../given.ts";
import { pullImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "pull",
    usage: "IMAGE",
    summary: "Fetch an image from a registry",
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      platform: { type: "string", value: "OS/ARCH", help: "Platform to fetch; by default the host's" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress; print the name" },
    },
    unsupported: { "all-tags": { type: "boolean", short: "a", hint: "Name each tag" }, ...REGISTRY_UNSUPPORTED },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const run = pullImage({
      ...storeOptions(values, context),
      image,
      ...given({ platform: values.platform }),
    });
    const summary = await showRun(run, values.quiet === true ? "quiet" : (values.progress ?? "auto"), context);
    await context.stdout.write(values.quiet === true ? `${summary.name}\n` : `${summary.name} ${summary.digest}\n`);
    return 0;
  },
);
