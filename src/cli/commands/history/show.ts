/** `decant history show`. */
import { formatSize } from "../../../bytes.ts";
import { type BuildEvent, type LogLine, type PastBuild, pastSteps, type PastStep, showBuild, type StepUsage } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { safeLine } from "../../style.ts";
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
    const failures = Object.fromEntries(found.failures);
    await context.stdout.write(
      values.format === "json" ? `${JSON.stringify({ ...record, events, failures }, undefined, 2)}\n` : textOf(found),
    );
    return 0;
  },
);

function textOf({ record, events, failures }: PastBuild): string {
  const { id, title, state, startedAt, finishedAt, error } = record;
  const took = finishedAt === undefined ? "" : ` after ${formatDuration(finishedAt - startedAt)}`;
  const lines = [
    `Build ${id}: ${title}`,
    `Started ${new Date(startedAt).toISOString()}, ${state}${took}`,
    ...pastSteps(events).flatMap((step) => [stepLine(step), ...failureLines(failures.get(step.vertex) ?? [])]),
    ...events.flatMap(eventLines),
    ...(error === undefined ? [] : [`ERROR: ${error}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function eventLines(event: BuildEvent): string[] {
  if (event.type === "warning") return [`warning: ${event.message}`];
  if (event.type === "result") return [`=> ${event.kind} ${event.name} ${event.digest ?? ""}`.trimEnd()];
  if (event.type === "size") return [`=> ${formatSizeEvent(event)}`];
  if (event.type !== "versions") return [];
  const versions = Object.entries(event.versions).map(([name, version]) => `${name} ${version}`);
  return [`Made with ${versions.join(", ")}`];
}

function stepLine({ number, name, outcome, durationMs, usage }: PastStep): string {
  const took = durationMs === undefined || outcome === "hit" ? "" : ` ${formatDuration(durationMs)}`;
  return `#${number} ${name}: ${STATES[outcome]}${took}${usage === undefined ? "" : ` (${usageOf(usage)})`}`;
}

const STATES: Readonly<Record<PastStep["outcome"], string>> = {
  hit: "cached",
  ran: "done",
  failed: "failed",
  cancelled: "cancelled",
  waiting: "planned",
};

function usageOf({ cpuMs, memoryBytes, readBytes, writtenBytes }: StepUsage): string {
  const parts = [
    cpuMs === undefined ? "" : `cpu ${formatDuration(cpuMs)}`,
    memoryBytes === undefined ? "" : `memory ${formatSize(memoryBytes)}`,
    readBytes === undefined ? "" : `read ${formatSize(readBytes)}`,
    writtenBytes === undefined ? "" : `written ${formatSize(writtenBytes)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** What the step said of its failure, by the numbers of its lines. */
function failureLines(lines: readonly LogLine[]): string[] {
  return lines.map(({ line, text, isFailing }) => `  ${isFailing ? ">" : " "} ${String(line).padStart(5)} | ${safeLine(text)}`);
}
