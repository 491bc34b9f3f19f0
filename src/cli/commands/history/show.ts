/** `decant history show`. */
import { createProgress, type PastBuild, reduceProgress, showBuild, type StepState } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";
import { formatDuration, formatSizeEvent } from "../../progress/format-event.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history show",
    usage: "[BUILD]",
    summary: "Show a past build: its steps, their times, warnings and results",
    notes: "BUILD is an ID or the beginning of one; by default the newest build.",
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
    },
    words: { min: 0, max: 1 },
  },
  async (values, [build], context) => {
    const found = await showBuild({ ...storeOptions(values, context), build });
    const { record, events } = found;
    await context.stdout.write(values.format === "json" ? `${JSON.stringify({ ...record, events }, undefined, 2)}\n` : textOf(found));
    return 0;
  },
);

function textOf({ record, events }: PastBuild): string {
  const { id, title, state, startedAt, finishedAt, error } = record;
  const progress = createProgress();
  for (const event of events) reduceProgress(progress, event);
  const steps = [...progress.steps.values()];
  const took = finishedAt === undefined ? "" : ` after ${formatDuration(finishedAt - startedAt)}`;
  const more = events.flatMap((event) =>
    event.type === "warning"
      ? [`warning: ${event.message}`]
      : event.type === "result"
        ? [`=> ${event.kind} ${event.name} ${event.digest ?? ""}`.trimEnd()]
        : event.type === "size"
          ? [`=> ${formatSizeEvent(event)}`]
          : [],
  );
  const lines = [
    `Build ${id}: ${title}`,
    `Started ${new Date(startedAt).toISOString()}, ${state}${took}`,
    ...steps.map(stepLine),
    ...more,
    ...(error === undefined ? [] : [`ERROR: ${error}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function stepLine({ number, name, state, startedAt, endedAt }: StepState): string {
  const took = startedAt === undefined || endedAt === undefined || state === "cached" ? "" : ` ${formatDuration(endedAt - startedAt)}`;
  return `#${number} ${name}: ${state}${took}`;
}
