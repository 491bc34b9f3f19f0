/** `decant history compare`. */
import { formatSize } from "../../../bytes.ts";
import { type BuildComparison, compareBuilds, type ComparedStep, type ComparedValue, type PastStep } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { formatChange, formatDuration } from "../../progress/format-event.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";
import { safeLine } from "../../style.ts";
import { formatTable } from "../../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history compare",
    usage: "BUILD [BUILD]",
    summary: "Show two past builds side by side: steps, times, cache, sizes, digests, versions",
    notes: `BUILD is an ID or the beginning of one; the second is the newest build by default.
What is the same in both has one value. "decant why BUILD BUILD" says why steps ran.`,
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
    },
    words: { min: 1, max: 2 },
  },
  async (values, [first = "", second], context) => {
    const compared = await compareBuilds({ ...storeOptions(values, context), first, second });
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(compared, undefined, 2)}\n` : textOf(compared));
    return 0;
  },
);

function textOf(compared: BuildComparison): string {
  const { first, second, steps, sizes, digests, versions } = compared;
  const rows = [
    ["", "FIRST", "SECOND", "CHANGE"],
    ["build", first.id, second.id, ""],
    row("name", first.title, second.title),
    row("state", first.state, second.state),
    ["duration", ...times(durationOf(first), durationOf(second))],
    row("executed", String(count(steps, "first", "ran")), String(count(steps, "second", "ran"))),
    row("cached", String(count(steps, "first", "hit")), String(count(steps, "second", "hit"))),
    ...sizes.map(({ name, first: from, second: to }) => [`size of ${name}`, ...bytes(from, to)]),
    ...digests.map(valueRow),
    ...versions.map(valueRow),
  ];
  const stepRows = [["STEP", "FIRST", "SECOND", "TIME", "CPU"], ...steps.map(stepRow)];
  return `${formatTable(rows.map(safeRow))}\n${formatTable(stepRows.map(safeRow))}`;
}

function safeRow(cells: readonly string[]): string[] {
  return cells.map(safeLine);
}

function row(name: string, first: string, second: string): string[] {
  return [name, first, first === second ? "" : second, first === second ? "" : "changed"];
}

function valueRow({ name, first = "-", second = "-" }: ComparedValue<string>): string[] {
  return row(name, first, second);
}

function bytes(first: number | undefined, second: number | undefined): string[] {
  const [from, to] = [first, second].map((value) => (value === undefined ? "-" : formatSize(value)));
  return [
    from ?? "-",
    first === second ? "" : (to ?? "-"),
    first === undefined || second === undefined || first === second ? "" : formatChange(second - first),
  ];
}

function stepRow({ name, first, second }: ComparedStep): string[] {
  const cpu = [first?.usage?.cpuMs, second?.usage?.cpuMs];
  return [
    name,
    stateOf(first),
    stateOf(second),
    times(timeOf(first), timeOf(second))[2] ?? "",
    cpu.every((ms) => ms === undefined) ? "" : cpu.map(shortTime).join(" → "),
  ];
}

function stateOf(step: PastStep | undefined): string {
  return step === undefined
    ? "-"
    : `${step.outcome}${step.outcome === "hit" || step.durationMs === undefined ? "" : ` ${formatDuration(step.durationMs)}`}`;
}

function timeOf(step: PastStep | undefined): number | undefined {
  return step === undefined || step.outcome === "waiting" ? undefined : step.outcome === "hit" ? 0 : step.durationMs;
}

/** First, second, and by how much the second is slower. */
function times(first: number | undefined, second: number | undefined): string[] {
  const change = first === undefined || second === undefined ? 0 : second - first;
  const told = Math.abs(change) < 50 ? "" : `${change < 0 ? "-" : "+"}${formatDuration(Math.abs(change))}`;
  return [shortTime(first), shortTime(second), told];
}

function shortTime(ms: number | undefined): string {
  return ms === undefined ? "-" : formatDuration(ms);
}

function durationOf({ startedAt, finishedAt }: BuildComparison["first"]): number | undefined {
  return finishedAt === undefined ? undefined : finishedAt - startedAt;
}

function count(steps: readonly ComparedStep[], side: "first" | "second", outcome: PastStep["outcome"]): number {
  return steps.filter((step) => step[side]?.outcome === outcome && !/^\[internal\]|^export/.test(step.name)).length;
}
