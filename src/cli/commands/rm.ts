/** `decant rm`. */
import { removeImages } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "rm",
    usage: "IMAGE…",
    summary: "Remove images from the store",
    notes: '"decant prune" frees what no other image and no cache needs.',
    options: {
      ...STORE_OPTION_TABLE,
      force: { type: "boolean", short: "f", help: "Ignore images that do not exist" },
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
