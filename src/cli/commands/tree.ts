/** `decant tree`: files of an image as a tree. */
import { usageError } from "../../errors.ts";
import { listFiles } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { treeText } from "../file-text.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "tree",
    usage: "IMAGE [PATH]",
    summary: "Show the files of an image as a tree, with the sizes of its folders",
    notes: `${IMAGE_FORMS}

Example: decant tree --depth 2 app /usr`,
    options: {
      ...LOOK_OPTION_TABLE,
      depth: { type: "string", short: "L", value: "LEVELS", help: "Show so many levels; by default all" },
    },
    words: { min: 1, max: 2 },
  },
  async (values, [image = "", path = "/"], context) => {
    const { depth } = values;
    if (depth !== undefined && !/^[1-9]\d{0,3}$/.test(depth)) throw usageError(`Cannot use --depth "${depth}": wanted a number of levels`);
    const run = listFiles({ ...lookOptions(values, context), image, path, recursive: true });
    const files = await showRun(run, values.progress ?? "auto", context);
    // Links of the path may have led elsewhere.
    const [first] = files;
    const root = first === undefined ? path : first.path.slice(0, first.path.lastIndexOf("/")) || "/";
    await context.stdout.write(treeText(root, files, depth === undefined ? Infinity : Number(depth)));
    return 0;
  },
);
