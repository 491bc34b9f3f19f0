/** `decant ls`: files of an image. */
import { usageError } from "../../errors.ts";
import { listFiles } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { fileTable } from "../file-text.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "ls",
    usage: "IMAGE [PATH]",
    summary: "List the files in a folder of an image, without running it",
    notes: `${IMAGE_FORMS}
PATH is "/" by default. Decant follows links inside the image. To list images: decant images

Examples:
  decant ls app /etc
  decant ls -R --format json registry.example/app:1 /usr/lib`,
    options: {
      ...LOOK_OPTION_TABLE,
      recursive: { type: "boolean", short: "R", help: "All that is below it, too" },
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] },
    },
    unsupported: { long: { type: "boolean", short: "l", hint: "Leave it out: the list is always long" } },
    words: { min: 0, max: 2 },
  },
  async (values, [image, path], context) => {
    if (image === undefined)
      throw usageError("Cannot list files: no image was named", "Run: decant ls IMAGE; to list images: decant images");
    const run = listFiles({ ...lookOptions(values, context), image, path, recursive: values.recursive });
    const files = await showRun(run, values.progress ?? "auto", context);
    const name = (full: string): string => (values.recursive === true ? full : full.slice(full.lastIndexOf("/") + 1));
    await context.stdout.write(
      values.format === "json" ? `${JSON.stringify(files, undefined, 2)}\n` : fileTable(files, (file) => name(file.path)),
    );
    return 0;
  },
);
