/** `decant why`: why the steps of a past build ran. */
import { type BuildExplanation, type ExplainedStep, explainBuild, reasonLines } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { formatDuration } from "../progress/format-event.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "why",
    usage: "[BUILD [BUILD]]",
    summary: "Say why each step of a past build ran: which input changed, and how",
    notes: `BUILD is an ID of "decant history ls" or the beginning of one; by default the newest build. It may have failed.
Each step is compared with the nearest earlier record of it. Of two builds, the second is compared with the first.
Values of variables whose names sound like a secret are not shown.

Examples:
  decant why
  decant why mg8k2 mg8l9`,
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
    },
    words: { min: 0, max: 2 },
  },
  async (values, [first, second], context) => {
    const [build, against] = second === undefined ? [first, undefined] : [second, first];
    const explanation = await explainBuild({ ...storeOptions(values, context), build, against });
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(explanation, undefined, 2)}\n` : textOf(explanation));
    return 0;
  },
);

function textOf({ record, against, steps }: BuildExplanation): string {
  const took = record.finishedAt === undefined ? "" : ` after ${formatDuration(record.finishedAt - record.startedAt)}`;
  const lines = [
    `Build ${record.id}: ${record.title}, ${record.state}${took}`,
    ...(against === undefined ? [] : [`Against build ${against.id}: ${against.title}`]),
    ...steps.flatMap(stepLines),
  ];
  return lines.map((line) => `${safeLine(line)}\n`).join("");
}

function stepLines(step: ExplainedStep): string[] {
  const { number, name, outcome, durationMs, reason, reused, against } = step;
  const took = durationMs === undefined || outcome === "hit" ? "" : ` ${formatDuration(durationMs)}`;
  const why = against === undefined ? (reason === undefined ? reusedLines(reused) : reasonLines(reason)) : againstLines(step);
  return [`#${number} ${name}: ${outcome}${took}`, ...why.map((line) => `   ${line.replaceAll("\n", "\n   ")}`.split("\n")).flat()];
}

function reusedLines(reused: string | undefined): string[] {
  return reused === undefined ? [] : [reused];
}

function againstLines({ against, reason }: ExplainedStep): string[] {
  switch (against) {
    case undefined:
      return [];
    case "same":
      return ["the same inputs"];
    case "new":
      return ["the other build had no such step"];
    case "unknown":
      return ["other inputs: the records that would say which are gone"];
    case "changed":
      return reason === undefined ? [] : reasonLines(reason);
    default:
      return against satisfies never;
  }
}
