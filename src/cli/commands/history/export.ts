/** `decant history export`. */
import { showBuild } from "../../../index.ts";
import { openResultFile } from "../../result-file.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history export",
    usage: "[BUILD]",
    summary: "Write a past build as JSON: what it was, what it told, the logs of its steps",
    options: { ...STORE_OPTION_TABLE, output: { type: "string", short: "o", value: "FILE", help: "Where to; by default standard output" } },
    words: { min: 0, max: 1 },
  },
  async (values, [build], context) => {
    const file = await openResultFile(values.output, context);
    const { record, events, logs } = await showBuild({ ...storeOptions(values, context), build, logs: true });
    const text = `${JSON.stringify({ ...record, events, logs: Object.fromEntries(logs) }, undefined, 2)}\n`;
    await file.write(text);
    return 0;
  },
);
