/** `decant cat`: the content of files of an image. */
import { readFile } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "cat",
    usage: "IMAGE PATH…",
    summary: "Print files of an image, without running it",
    notes: `${IMAGE_FORMS}
Decant follows links inside the image.

Example: decant cat app /etc/os-release`,
    options: LOOK_OPTION_TABLE,
    words: { min: 2, max: Infinity },
  },
  async (values, [image = "", ...paths], context) => {
    for (const path of paths) {
      const run = readFile({ ...lookOptions(values, context), image, path, stdout: (chunk) => context.stdout.write(chunk) });
      await showRun(run, values.progress ?? "auto", context);
    }
    return 0;
  },
);
