/** The state of a run as folded from its events: what a screen shows. The renderers of the command and library users draw from it. */
import { unreachable } from "./errors.ts";
import type { BuildEvent, MissReason, TransferEvent } from "./events.ts";

/** One transfer of a step. */
export interface TransferState {
  readonly id: string;
  readonly action: TransferEvent["action"];
  readonly startedAt: number;
  updatedAt: number;
  currentBytes: number;
  totalBytes: number | undefined;
  done: boolean;
}

/** One step. */
export interface StepState {
  readonly vertex: string;
  /** From 1, in the order in which steps are first heard of. */
  readonly number: number;
  name: string;
  state: "planned" | "running" | "cached" | "done" | "failed" | "cancelled";
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** Why it had to run. */
  missed: MissReason | undefined;
  readonly transfers: Map<string, TransferState>;
  /** The last lines that it wrote, the newest last; the line that is not ended yet is `partial`. */
  readonly tail: string[];
  partial: string;
}

/** The whole. */
export interface ProgressState {
  /** By their `vertex`, in the order in which they are first heard of. */
  readonly steps: Map<string, StepState>;
  startedAt: number | undefined;
}

/** What an event changed. */
export interface ProgressChange {
  /** The step that it is about, if any. */
  readonly step?: StepState;
  /** The lines of its log that it completed. */
  readonly lines: readonly string[];
}

const MAX_TAIL = 30;
/** A program that never ends its line must not fill our memory. */
const MAX_PARTIAL = 8192;

/** Nothing has happened yet. */
export function createProgress(): ProgressState {
  return { steps: new Map(), startedAt: undefined };
}

/** Folds an event into `state`, in place, and gives what it changed. */
export function reduceProgress(state: ProgressState, event: BuildEvent): ProgressChange {
  state.startedAt ??= event.at;
  if (!("vertex" in event)) return { lines: [] };
  const step = stepOf(state, event.vertex);
  let lines: readonly string[] = [];
  switch (event.type) {
    case "vertex.planned":
      step.name = event.name;
      break;
    case "vertex.started":
      step.state = "running";
      step.startedAt = event.at;
      break;
    case "vertex.cached":
      lines = flushPartial(step);
      step.state = "cached";
      step.endedAt = event.at;
      break;
    case "vertex.usage":
      break;
    case "vertex.missed":
      step.missed = event.reason;
      break;
    case "vertex.done":
      lines = flushPartial(step);
      step.state = "done";
      step.startedAt ??= event.at - event.durationMs;
      step.endedAt = event.at;
      break;
    case "vertex.failed":
    case "vertex.cancelled":
      lines = flushPartial(step);
      step.state = event.type === "vertex.failed" ? "failed" : "cancelled";
      step.endedAt = event.at;
      break;
    case "log":
      lines = addLog(step, event.data);
      break;
    case "transfer":
      addTransfer(step, event);
      break;
    default:
      return unreachable(event);
  }
  return { step, lines };
}

/** Has the step come to its end, whichever it is? */
export function isOver({ state }: StepState): boolean {
  return state !== "planned" && state !== "running";
}

function stepOf(state: ProgressState, vertex: string): StepState {
  const known = state.steps.get(vertex);
  if (known !== undefined) return known;
  const step: StepState = {
    vertex,
    number: state.steps.size + 1,
    name: vertex,
    state: "planned",
    startedAt: undefined,
    endedAt: undefined,
    missed: undefined,
    transfers: new Map(),
    tail: [],
    partial: "",
  };
  state.steps.set(vertex, step);
  return step;
}

function addLog(step: StepState, data: string): readonly string[] {
  const lines = (step.partial + data).split("\n");
  step.partial = lines.pop() ?? "";
  if (step.partial.length > MAX_PARTIAL) {
    lines.push(step.partial);
    step.partial = "";
  }
  keepTail(step, lines);
  return lines;
}

function flushPartial(step: StepState): readonly string[] {
  if (step.partial === "") return [];
  const lines = [step.partial];
  step.partial = "";
  keepTail(step, lines);
  return lines;
}

function keepTail(step: StepState, lines: readonly string[]): void {
  step.tail.push(...lines.slice(-MAX_TAIL));
  step.tail.splice(0, Math.max(0, step.tail.length - MAX_TAIL));
}

function addTransfer(step: StepState, event: TransferEvent): void {
  const key = `${event.action} ${event.id}`;
  const known = step.transfers.get(key);
  if (known === undefined) {
    const { id, action, at, currentBytes, totalBytes, done } = event;
    step.transfers.set(key, { id, action, startedAt: at, updatedAt: at, currentBytes, totalBytes, done });
    return;
  }
  known.updatedAt = event.at;
  known.currentBytes = event.currentBytes;
  known.totalBytes = event.totalBytes ?? known.totalBytes;
  known.done = event.done;
}
