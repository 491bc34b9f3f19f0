/** `decant tag`. */
import { tagImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "tag",
    usage: "IMAGE NAME…",
    summary: "Give an image of the store more names",
    notes: `IMAGE keeps the names that it has. A NAME that had another image moves.

Example: decant tag app registry.example/team/app:1.2`,
    options: STORE_OPTION_TABLE,
    words: { min: 2, max: Infinity },
  },
  async (values, [image = "", ...names], context) => {
    await tagImage({ ...storeOptions(values, context), image, names });
    return 0;
  },
);
