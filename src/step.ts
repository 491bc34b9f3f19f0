/**
 * A step of the event stream. Whoever works makes its steps here, because they keep a promise to every reader of the stream: a step that
 * started ends as done, cached, failed or cancelled.
 */
import { type Emit, eventSource, failureOf } from "./events.ts";
import { given } from "./given.ts";
import type { SourceRange } from "./source.ts";

/** What people see of a step before it starts. */
interface StepPlan {
  /** Identifies it in the stream. */
  readonly vertex: string;
  /** What progress shows, e.g. "[build 2/5] RUN npm ci". */
  readonly name: string;
  readonly stage?: string | undefined;
  readonly source?: SourceRange | undefined;
  /** The steps that it waits for. */
  readonly inputs?: readonly string[] | undefined;
}

/** A step while it works. */
interface RunningStep {
  /** It needed no work after all: it ends as cached. `why` says what was reused. */
  cached(why: string): void;
}

/** A step that waits for what it works on. */
interface WaitingStep extends RunningStep {
  /** All is there: it runs from now on. A second call does nothing. */
  start(): void;
}

/** Announces a step that may start later. */
export function planStep(emit: Emit, { vertex, name, stage, source, inputs = [] }: StepPlan): void {
  emit({
    type: "vertex.planned",
    vertex,
    name,
    ...given({ stage }),
    ...(source === undefined ? {} : { source: eventSource(source) }),
    ...(inputs.length === 0 ? {} : { inputs }),
  });
}

/** Does the work of a planned step and gives what it gives. Throws what it throws; with an aborted `signal` the step ends as cancelled. */
export async function runStep<Result>(
  emit: Emit,
  vertex: string,
  signal: AbortSignal,
  work: (step: RunningStep) => Promise<Result>,
): Promise<Result> {
  return await runStepLater(emit, vertex, signal, (step) => {
    step.start();
    return work(step);
  });
}

/** `runStep` for work that needs the work of others first: waiting is not running, so it starts when `work` says so, or else ends at once. */
export async function runStepLater<Result>(
  emit: Emit,
  vertex: string,
  signal: AbortSignal,
  work: (step: WaitingStep) => Promise<Result>,
): Promise<Result> {
  let startedAt: number | undefined;
  let reused: string | undefined;
  const start = (): number => {
    if (startedAt === undefined) emit({ type: "vertex.started", vertex });
    return (startedAt ??= Date.now());
  };
  const result = await prepareStep(emit, vertex, signal, () => work({ start, cached: (why) => void (reused = why) }));
  if (reused === undefined) emit({ type: "vertex.done", vertex, durationMs: Date.now() - start() });
  else reuseStep(emit, vertex, reused);
  return result;
}

/** Ends a planned step that needs no work. `why` says what was reused, `key` what the step is made of. */
export function reuseStep(emit: Emit, vertex: string, why: string, key?: string): void {
  emit({ type: "vertex.cached", vertex, why, ...given({ key }) });
}

/** Does what a planned step needs before it can start, such as working out its key: only a failure shows. See `runStep`. */
export async function prepareStep<Result>(emit: Emit, vertex: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) emit({ type: "vertex.cancelled", vertex });
    else emit({ type: "vertex.failed", vertex, ...failureOf(error) });
    throw error;
  }
}

/** Announces a step and does its work at once. See `runStep`. */
export async function step<Result>(
  emit: Emit,
  plan: StepPlan,
  signal: AbortSignal,
  work: (step: RunningStep) => Promise<Result>,
): Promise<Result> {
  planStep(emit, plan);
  return await runStep(emit, plan.vertex, signal, work);
}
