/** A plan of a build as text or JSON. */
import { formatSize } from "../bytes.ts";
import { type BuildOptions, type BuildPlan, planBuild, type PlannedStep, reasonLines } from "../index.ts";
import type { CliContext } from "./context.ts";
import { formatDuration } from "./progress/format-event.ts";
import { type ProgressMode, showRun } from "./progress/show.ts";
import { safeLine } from "./style.ts";

/** How it is shown. */
interface PlanOptions {
  readonly format: "text" | "json";
  readonly progress: ProgressMode;
}

/** Plans, prints, and gives the exit code: 1 with `expectCached` where a step might run. */
export async function showPlan(options: BuildOptions, { format, progress }: PlanOptions, context: CliContext): Promise<number> {
  const plan = await showRun(planBuild(options), progress, context);
  await context.stdout.write(format === "json" ? `${JSON.stringify(plan, undefined, 2)}\n` : textOf(plan));
  return options.expectCached === true && plan.steps.some(({ verdict }) => verdict !== "hit") ? 1 : 0;
}

function textOf({ name, platforms, steps, pullBytes, pushBytes, unknownLayers, expectedMs, untimedSteps }: BuildPlan): string {
  const counts = (["hit", "runs", "depends", "unknown"] as const).flatMap((verdict) => {
    const count = steps.filter((step) => step.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${WORDS[verdict]}`];
  });
  const unknown = unknownLayers === 0 ? "" : `, and ${unknownLayers} layers of unknown size`;
  const untimed = untimedSteps === 0 ? "" : `, without ${untimedSteps} steps that never ran here`;
  const lines = [
    `Plan for ${name} (${platforms.join(", ")})`,
    ...steps.flatMap(stepLines),
    `Steps: ${counts.length === 0 ? "none" : counts.join(", ")}`,
    `To pull: ${formatSize(pullBytes)}. To push: at most ${formatSize(pushBytes)}${unknown}.`,
    `Expected: ${formatDuration(expectedMs)}${untimed}.`,
  ];
  return lines.map((line) => `${safeLine(line)}\n`).join("");
}

const WORDS: Readonly<Record<PlannedStep["verdict"], string>> = {
  hit: "cached",
  runs: "would run",
  depends: "depend on these",
  unknown: "not known before layers are fetched",
};
const MARKS: Readonly<Record<PlannedStep["verdict"], string>> = { hit: "hit    ", runs: "run    ", depends: "depends", unknown: "unknown" };

function stepLines({ verdict, name, reason, waitsFor, expectedMs }: PlannedStep): string[] {
  const took = expectedMs === undefined || verdict === "hit" ? "" : `  ${formatDuration(expectedMs)}`;
  const why =
    reason !== undefined
      ? reasonLines(reason)
      : waitsFor !== undefined
        ? [`runs, unless "${waitsFor}" gives what it gave before`]
        : verdict === "unknown"
          ? ["its files must be fetched first"]
          : [];
  return [`${MARKS[verdict]} ${name}${took}`, ...why.map((line) => `        ${line.replaceAll(/\s*\n\s*/g, " ")}`)];
}
