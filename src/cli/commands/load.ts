/** `decant load`. */
import { resolve } from "node:path";
import { usageError } from "../../errors.ts";
import { loadImages } from "../../index.ts";
import { familiarText } from "../familiar.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "load",
    usage: "",
    summary: "Load the images of an archive into the store",
    notes: `Reads archives of docker, podman, skopeo, crane, kaniko and Decant, and OCI layouts: as a tar, plain or compressed, or as a folder.
All images of the archive are loaded, under the names that it gives them.

Examples:
  decant load -i app.tar.zst
  docker save app | decant load`,
    options: {
      ...STORE_OPTION_TABLE,
      input: { type: "string", short: "i", value: "FILE", help: "Read this file or folder; by default standard input" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress" },
    },
    unsupported: { platform: { type: "string", hint: "Leave it out: all platforms of an image are loaded" } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const { input = "-" } = values;
    if (input === "-" && context.ask !== undefined)
      throw usageError("Cannot load from the terminal: wanted an archive", "Use --input FILE, or redirect standard input");
    const file = input === "-" ? "-" : resolve(context.cwd, input);
    const run = loadImages({ ...storeOptions(values, context), file, ...(file === "-" ? { stdin: context.stdin } : {}) });
    const loaded = await showRun(run, values.quiet === true ? "quiet" : (values.progress ?? "auto"), context);
    for (const { id, names } of loaded)
      await context.stdout.write(
        names.length === 0 ? `Loaded image ID: ${id}\n` : names.map((name) => `Loaded image: ${familiarText(name)}\n`).join(""),
      );
    return 0;
  },
);
