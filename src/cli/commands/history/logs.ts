/** `decant history logs`. */
import { createProgress, reduceProgress, showBuild } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history logs",
    usage: "[BUILD]",
    summary: "Print what the steps of a past build wrote, whole",
    notes: "BUILD is an ID or the beginning of one; by default the newest build. Steps that were reused wrote nothing.",
    options: {
      ...STORE_OPTION_TABLE,
      step: { type: "string", value: "NUMBER", help: 'Only this step, by its number in "decant history show"' },
    },
    unsupported: { progress: { type: "string" } },
    words: { min: 0, max: 1 },
  },
  async (values, [build], context) => {
    const { events, logs } = await showBuild({ ...storeOptions(values, context), build, logs: true });
    const progress = createProgress();
    for (const event of events) reduceProgress(progress, event);
    for (const { number, name, vertex } of progress.steps.values()) {
      const log = logs.get(vertex);
      if (log === undefined || (values.step !== undefined && values.step !== String(number))) continue;
      const title = values.step === undefined ? `#${number} ${name}\n` : "";
      await context.stdout.write(`${title}${log}${log === "" || log.endsWith("\n") ? "" : "\n"}`);
    }
    return 0;
  },
);
