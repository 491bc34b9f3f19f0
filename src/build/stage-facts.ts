/** The stages of a plan as its event tells them. */
import { eventSource, type StageFact } from "../events.ts";
import type { Conversion } from "../graph/index.ts";

/** In the order of the Dockerfile. */
export function stageFacts({ stages, target }: Conversion["plan"]): StageFact[] {
  return stages.map((planned) => {
    const { stage, baseName, needs, isNeeded } = planned;
    return {
      name: stage.name ?? `stage-${stage.index}`,
      base: baseName,
      needs: [...new Set(needs)],
      isNeeded,
      isTarget: planned === target,
      source: eventSource(stage.from.range),
    };
  });
}
