/** `decant export`. */
import { exportFiles } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { refuseTerminal } from "../output-spec.ts";
import { showRun } from "../progress/show.ts";
import { REGISTRY_UNSUPPORTED } from "../registry-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "export",
    usage: "IMAGE",
    summary: "Write the files of an image into one tar",
    notes: `The tar has the files as a container would see them. For the image itself, with its layers: decant save.
${IMAGE_FORMS}

Example: decant export app | tar -t`,
    options: {
      ...LOOK_OPTION_TABLE,
      output: { type: "string", short: "o", value: "FILE", help: "Write to this file; by default to standard output" },
    },
    unsupported: REGISTRY_UNSUPPORTED,
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const { output: dest = "-" } = values;
    refuseTerminal([{ dest }], context.stdout, "Use --output FILE, or redirect standard output");
    const run = exportFiles({ ...lookOptions(values, context), image, dest, stdout: (chunk) => context.stdout.write(chunk) });
    await showRun(run, values.progress ?? "auto", context);
    return 0;
  },
);
