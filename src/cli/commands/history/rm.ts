/** `decant history rm`. */
import { usageError } from "../../../errors.ts";
import { listBuilds, removeBuilds } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

const EVERY = 1000;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history rm",
    usage: "[BUILD…]",
    summary: "Forget past builds with their logs; images and cache stay",
    options: { ...STORE_OPTION_TABLE, all: { type: "boolean", help: "All builds but those that run" } },
    words: { min: 0, max: Infinity },
  },
  async (values, words, context) => {
    const options = storeOptions(values, context);
    if ((values.all === true) === words.length > 0) throw usageError("Cannot tell which builds to remove: wanted BUILD or --all");
    const over = values.all === true ? (await listBuilds({ ...options, limit: EVERY })).filter(({ state }) => state !== "running") : [];
    const removed = await removeBuilds({ ...options, builds: [...words, ...over.map(({ id }) => id)] });
    await context.stdout.write(removed.map((id) => `${id}\n`).join(""));
    return 0;
  },
);
