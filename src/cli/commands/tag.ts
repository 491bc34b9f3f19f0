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
    summary: "Give an image more names",
    notes: `IMAGE keeps the names that it has. A NAME that had another image moves. IMAGE is one of the store, or docker://NAME, oci:PATH, docker-archive:FILE.
NAME is one of the store; docker://NAME is one of a registry, and no layer comes here.

Examples:
  decant tag app registry.example/team/app:1.2
  decant tag docker://registry.example/app:1.2 docker://registry.example/app:stable`,
    options: STORE_OPTION_TABLE,
    words: { min: 2, max: Infinity },
  },
  async (values, [image = "", ...names], context) => {
    await tagImage({ ...storeOptions(values, context), image, names, cwd: context.cwd });
    return 0;
  },
);
