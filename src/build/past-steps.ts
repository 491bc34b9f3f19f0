/** The steps of a past build, folded from what it told. Pure. */
import type { BuildEvent, MissReason, StepUsage } from "../events.ts";
import { given } from "../given.ts";

/** How a step of a past build went. */
export interface PastStep {
  readonly vertex: string;
  /** From 1, in the order in which the build knew of them. */
  readonly number: number;
  /** "[build 2/5] RUN npm ci" */
  readonly name: string;
  readonly stage?: string;
  /** "hit": its result was there. "ran", "failed", "cancelled". "waiting": the build ended before it could start. */
  readonly outcome: "hit" | "ran" | "failed" | "cancelled" | "waiting";
  /** Of a hit: what was reused. */
  readonly reused?: string;
  /** Of a step that was not in the cache. */
  readonly reason?: MissReason;
  readonly durationMs?: number;
  readonly usage?: StepUsage;
  /** What the step is made of, and what it was compared with: names of records. */
  readonly key?: string;
  readonly nearest?: string;
}

/** All of them. */
export function pastSteps(events: readonly BuildEvent[]): PastStep[] {
  const steps = new Map<string, Draft>();
  for (const event of events) {
    if (!("vertex" in event)) continue;
    const step = steps.get(event.vertex) ?? { name: event.vertex, outcome: "waiting" };
    steps.set(event.vertex, step);
    fold(step, event);
  }
  return [...steps].map(([vertex, { name, outcome, startedAt: _at, ...rest }], index) => ({
    vertex,
    number: index + 1,
    name,
    outcome,
    ...given(rest),
  }));
}

/** Its instruction with its stage, without its number: "build RUN npm ci". Two builds have the same step in two places. */
export function instructionKey({ name, stage = "" }: Pick<PastStep, "name" | "stage">): string {
  return `${stage} ${name.replace(/^\[[^\]]*\] /, "")}`;
}

interface Draft {
  name: string;
  outcome: PastStep["outcome"];
  stage?: string | undefined;
  reused?: string | undefined;
  reason?: MissReason | undefined;
  durationMs?: number | undefined;
  usage?: StepUsage | undefined;
  key?: string | undefined;
  nearest?: string | undefined;
  startedAt?: number | undefined;
}

function fold(step: Draft, event: Extract<BuildEvent, { readonly vertex: string }>): void {
  switch (event.type) {
    case "vertex.planned":
      [step.name, step.stage] = [event.name, event.stage];
      return;
    case "vertex.started":
      step.startedAt = event.at;
      return;
    case "vertex.cached":
      [step.outcome, step.reused, step.key] = ["hit", event.why, event.key];
      return;
    case "vertex.missed":
      [step.reason, step.key, step.nearest] = [event.reason, event.key, event.nearest];
      return;
    case "vertex.usage":
      step.usage = event.usage;
      return;
    case "vertex.done":
      [step.outcome, step.durationMs] = ["ran", event.durationMs];
      return;
    case "vertex.failed":
    case "vertex.cancelled":
      step.outcome = event.type === "vertex.failed" ? "failed" : "cancelled";
      if (step.startedAt !== undefined) step.durationMs = event.at - step.startedAt;
      return;
    case "log":
    case "transfer":
      return;
    default:
      event satisfies never;
  }
}
