/** What the states of steps are called, and the mark beside each: nobody has to tell them apart by colour. */
import type { ReportStep } from "../data.ts";
import { h } from "./dom.ts";

/** Words and marks. */
export const STATES: Readonly<Record<ReportStep["state"], { readonly word: string; readonly mark: string }>> = {
  hit: { word: "cached", mark: "○" },
  ran: { word: "ran", mark: "●" },
  failed: { word: "failed", mark: "✕" },
  cancelled: { word: "stopped", mark: "■" },
  planned: { word: "not started", mark: "·" },
  running: { word: "running", mark: "◐" },
};

/** "● ran", as a badge. */
export function stateBadge(state: ReportStep["state"]): HTMLElement {
  const { word, mark } = STATES[state];
  return h("span", { class: `badge s-${state}` }, h("span", { "aria-hidden": "true" }, mark), ` ${word}`);
}

/** The step's name without the length of digests. */
export function shortName({ name }: Pick<ReportStep, "name">): string {
  return name.replace(/\bsha256:([0-9a-f]{12})[0-9a-f]{52}/g, "sha256:$1…");
}

/** How long the step worked; undefined where it did not. */
export function workMs({ state, startedAt, endedAt }: ReportStep): number | undefined {
  return state === "hit" || startedAt === undefined || endedAt === undefined ? undefined : endedAt - startedAt;
}

/** When all was there that it needs. */
export function readyAt(step: ReportStep, steps: readonly ReportStep[]): number {
  return Math.max(step.plannedAt, ...step.inputs.map((input) => steps[input]?.endedAt ?? 0));
}

/** How long it waited for its turn after that; undefined where it did not start. */
export function waitMs(step: ReportStep, steps: readonly ReportStep[]): number | undefined {
  if (step.state === "hit" || step.startedAt === undefined) return undefined;
  return Math.max(0, step.startedAt - readyAt(step, steps));
}

/** Steps of a stage; where the Dockerfile has one stage only, steps do not say which. */
export function stepsOfStage(
  steps: readonly ReportStep[],
  stage: string,
  isOnly: boolean,
): readonly (readonly [step: ReportStep, position: number])[] {
  return steps.flatMap((step, position) =>
    step.stage === stage || (isOnly && step.stage === undefined && step.place !== undefined) ? [[step, position] as const] : [],
  );
}
