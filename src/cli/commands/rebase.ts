/** `decant rebase`. */
import { rebaseImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";
import { usageError } from "../../errors.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "rebase",
    usage: "IMAGE",
    summary: "Put the layers of an app on a newer base, without a build",
    notes: `${IMAGE_FORMS}
The first layers of IMAGE must be those of --old-base. What the app sets in its configuration stays; all else is as in --new-base.
An audit looks whether the app runs on the new base. When it finds an error, Decant writes nothing.

Example: decant rebase --old-base debian:13@sha256:… --new-base debian:13 -t app:2 app:1`,
    options: {
      ...LOOK_OPTION_TABLE,
      tag: { type: "string", multiple: true, short: "t", value: "NAME", help: "Name of the new image" },
      "old-base": { type: "string", value: "IMAGE", help: "The base that the image was built on" },
      "new-base": { type: "string", value: "IMAGE", help: "The base that it is to have" },
    },
    unsupported: { rebased: { type: "string", hint: "Use --tag NAME" } },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const { "old-base": oldBase, "new-base": newBase } = values;
    if (oldBase === undefined || newBase === undefined)
      throw usageError("Cannot rebase an image without its bases: --old-base and --new-base are wanted", "Run: decant rebase --help");
    const run = rebaseImage({ ...lookOptions(values, context), image, oldBase, newBase, tags: values.tag });
    const { configDigest } = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(`${configDigest ?? ""}\n`);
    return 0;
  },
);
