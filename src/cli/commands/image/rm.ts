/** `decant image rm`, `decant rmi`. */
import { removeImages } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "image rm",
    usage: "IMAGE…",
    summary: "Remove images from the store",
    notes: 'What no other image and no cache needs is freed by "decant prune".',
    options: {
      ...STORE_OPTION_TABLE,
      force: { type: "boolean", short: "f", help: "It is no error when an image is not there" },
    },
    unsupported: { "no-prune": { type: "boolean" } },
    words: { min: 1, max: Infinity },
  },
  async (values, images, context) => {
    const removed = await removeImages({ ...storeOptions(values, context), images, force: values.force ?? false });
    await context.stdout.write(removed.map((name) => `${name}\n`).join(""));
    return 0;
  },
);
