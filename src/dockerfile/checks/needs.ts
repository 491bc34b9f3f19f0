/** Which stages a stage copies from or mounts, and which of them a target needs (rules S34 to S40). */
import type { Stage, StageInstruction } from "../types.ts";

/** Indexes of the stages that `stage`, and the triggers that `parent` leaves to it, name in `--from`; names of images are none. */
export function stageNeeds(stages: readonly Stage[], stage: Stage, parent: Stage | undefined): number[] {
  const triggers = (parent?.instructions ?? []).flatMap((each) =>
    each.kind === "onbuild" && each.trigger !== undefined ? [each.trigger] : [],
  );
  return [...triggers, ...stage.instructions].flatMap((instruction) =>
    fromNames(instruction).flatMap((name) => {
      const index = stageIndex(stages, name);
      return index === undefined || index >= stage.index ? [] : [index];
    }),
  );
}

/** The stage that a `--from` names. */
export function stageIndex(stages: readonly Stage[], name: string): number | undefined {
  if (/^\d+$/.test(name)) return stages[Number(name)]?.index;
  const wanted = name.toLowerCase();
  return stages.findLast((stage) => stage.name === wanted)?.index;
}

/** All stages that `target` needs, itself included. */
export function neededStages(
  needs: readonly (readonly number[])[],
  parents: readonly (number | undefined)[],
  target: number,
): ReadonlySet<number> {
  const found = new Set<number>();
  const queue = target < 0 ? [] : [target];
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    queue.push(...(needs[index] ?? []));
    const parent = parents[index];
    if (parent !== undefined) queue.push(parent);
  }
  return found;
}

function fromNames(instruction: StageInstruction): string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from.text];
  if (instruction.kind !== "run") return [];
  return instruction.mounts.flatMap(({ options }) =>
    options.flatMap(({ key, value }) => (key === "from" && value !== undefined ? [value] : [])),
  );
}
