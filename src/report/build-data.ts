/** A build as the page shows it: its events folded into stages and steps. */
import type { BuildEvent, EventSource } from "../events.ts";
import { given } from "../given.ts";
import { createProgress, isOver, reduceProgress, type StepState } from "../progress.ts";
import { formatReason } from "../reasons.ts";
import type { BuildRecord } from "../store/index.ts";
import type { ReportBuild, ReportPlace, ReportStep } from "./data.ts";

/** What is known of a build. */
interface BuildFacts {
  readonly record: BuildRecord;
  /** Without those of logs. */
  readonly events: readonly BuildEvent[];
  /** The whole output of a step, by its `vertex`; undefined where it wrote nothing. */
  readonly logOf: (vertex: string) => string | undefined;
}

/** Folds. */
export function buildData({ record, events, logOf }: BuildFacts): ReportBuild {
  const progress = createProgress();
  const told = new Map<string, Told>();
  for (const event of events) {
    const { step } = reduceProgress(progress, event);
    if (step !== undefined && "vertex" in event) tell(told, event);
  }
  const states = [...progress.steps.values()];
  const positions = new Map(states.map(({ vertex }, position) => [vertex, position]));
  const plans = events.filter((event) => event.type === "plan");
  const { id, title, state, startedAt, finishedAt, error } = record;
  return {
    id,
    title,
    state,
    startedAt,
    ...given({ finishedAt, error, cores: plans[0]?.cores }),
    platforms: [...new Set(plans.map(({ platform }) => platform))],
    stages: stagesOf(plans).map(({ source, ...stage }) => ({ ...stage, ...given({ place: source && placeOf(source) }) })),
    steps: states.map((one) => stepData(one, told.get(one.vertex) ?? NOTHING, { positions, log: logOf(one.vertex), startedAt })),
    warnings: events.flatMap((event) => {
      if (event.type !== "warning") return [];
      const { code, message, url, source } = event;
      return [{ code, message, ...given({ url, place: source && placeOf(source) }) }];
    }),
    results: events.flatMap((event) => {
      if (event.type !== "result") return [];
      const { kind, name, digest, sizeBytes } = event;
      return [{ kind, name, ...given({ digest, bytes: sizeBytes }) }];
    }),
  };
}

type Plan = Extract<BuildEvent, { readonly type: "plan" }>;

/** The stages for the first platform. Each target has a plan of its own: a stage is what the first one says that needs it. */
function stagesOf(plans: readonly Plan[]): Plan["stages"] {
  const [first, ...others] = plans.filter(({ platform }) => platform === plans[0]?.platform);
  return (first?.stages ?? []).map((stage, position) => {
    const all = [stage, ...others.flatMap(({ stages }) => stages[position] ?? [])];
    return { ...(all.find(({ isNeeded }) => isNeeded) ?? stage), isTarget: all.some(({ isTarget }) => isTarget) };
  });
}

/** What the events say of a step besides its state. */
interface Told {
  planned?: Extract<BuildEvent, { readonly type: "vertex.planned" }>;
  /** What a hit reused, or why there was none. */
  why?: string;
  failure?: NonNullable<ReportStep["failure"]>;
}

const NOTHING: Told = {};

function tell(told: Map<string, Told>, event: Extract<BuildEvent, { readonly vertex: string }>): void {
  const known = told.get(event.vertex) ?? {};
  if (event.type === "vertex.planned") known.planned = event;
  if (event.type === "vertex.cached") known.why = event.why;
  if (event.type === "vertex.missed") known.why = formatReason(event.reason);
  if (event.type === "vertex.failed") {
    const { code, message, hint, source = [] } = event;
    known.failure = { code, message, ...given({ hint }), places: source.map(placeOf) };
  }
  told.set(event.vertex, known);
}

interface StepContext {
  readonly positions: ReadonlyMap<string, number>;
  readonly log: string | undefined;
  /** Of the build. */
  readonly startedAt: number;
}

function stepData(step: StepState, { planned, why, failure }: Told, { positions, log, startedAt }: StepContext): ReportStep {
  return {
    name: step.name,
    ...given({ stage: planned?.stage, place: planned?.source && placeOf(planned.source) }),
    inputs: (planned?.inputs ?? []).flatMap((vertex) => positions.get(vertex) ?? []),
    state: stateOf(step),
    ...given({ why, startedAt: step.startedAt, endedAt: isOver(step) ? step.endedAt : undefined, failure }),
    plannedAt: planned?.at ?? startedAt,
    transfers: [...step.transfers.values()].map(({ action, id, currentBytes }) => ({ action, id, bytes: currentBytes })),
    ...(log === undefined || log === "" ? {} : { log }),
  };
}

function stateOf({ state }: StepState): ReportStep["state"] {
  return state === "cached" ? "hit" : state === "done" ? "ran" : state;
}

function placeOf({ file, line }: EventSource): ReportPlace {
  return { file, line };
}
