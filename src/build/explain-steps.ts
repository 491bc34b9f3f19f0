/** Why the steps of a past build ran: by the reasons that it told, and by the records of the store as far as they are still there. */
import { changesOfRecords } from "../engine/index.ts";
import type { MissReason } from "../events.ts";
import type { Store } from "../store/index.ts";
import { instructionKey, type PastStep } from "./past-steps.ts";

/** A step, and what is different of it. */
export interface ExplainedStep extends PastStep {
  /** Only where another build was named: what its inputs were there. "new": that build had no such step. "unknown": the records are gone. */
  readonly against?: "same" | "changed" | "new" | "unknown";
}

/** With all paths that changed, where the build itself told of twenty. */
export async function explainSteps(store: Store, steps: readonly PastStep[]): Promise<ExplainedStep[]> {
  const explained: ExplainedStep[] = [];
  for (const step of steps) {
    const { reason, nearest, key } = step;
    const isWhole = reason?.kind !== "changed" || nearest === undefined || key === undefined;
    const changes = isWhole ? undefined : await changesOfRecords(store, nearest, key);
    explained.push(changes === undefined || reason === undefined ? step : { ...step, reason: { ...reason, changes } });
  }
  return explained;
}

/** What changed of each step since an earlier build. */
export async function explainAgainst(store: Store, earlier: readonly PastStep[], steps: readonly PastStep[]): Promise<ExplainedStep[]> {
  const before = pairsOf(earlier, steps);
  const explained: ExplainedStep[] = [];
  for (const step of steps) {
    const was = before.get(step);
    const { reason: _own, ...rest } = step;
    if (was === undefined) explained.push({ ...rest, against: "new" });
    else if (was.key === undefined || step.key === undefined) explained.push(rest);
    else if (was.key === step.key) explained.push({ ...rest, against: "same" });
    else {
      const changes = await changesOfRecords(store, was.key, step.key);
      const reason: MissReason | undefined = changes && { kind: "changed", changes };
      explained.push(reason === undefined ? { ...rest, against: "unknown" } : { ...rest, reason, against: "changed" });
    }
  }
  return explained;
}

/** For each step the one of an earlier build that is the same: by its text, else by its place. */
export function pairsOf(earlier: readonly PastStep[], steps: readonly PastStep[]): Map<PastStep, PastStep> {
  const pairs = new Map<PastStep, PastStep>();
  const left = new Set(earlier);
  for (const keyOf of [instructionKey, placeOf]) {
    const before = new Map<string, PastStep[]>();
    for (const step of left) before.set(keyOf(step), [...(before.get(keyOf(step)) ?? []), step]);
    for (const step of steps) {
      if (pairs.has(step)) continue;
      const found = before.get(keyOf(step))?.shift();
      if (found === undefined) continue;
      pairs.set(step, found);
      left.delete(found);
    }
  }
  return pairs;
}

/** "[build 2": the same place of another text. Steps without a number have none. */
function placeOf({ name, vertex }: PastStep): string {
  return /^(\[[^\]]*?\d+)\/\d+\]/.exec(name)?.[1] ?? vertex;
}
