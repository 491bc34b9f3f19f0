/** Which stages and images the target needs: nothing else is resolved, let alone built (rule S40). ONBUILD triggers may add more (S57). */
import { AT_ONCE, pool } from "../../async.ts";
import { type ParsedDockerfile, parseTrigger, type StageInstruction } from "../../dockerfile/index.ts";
import { type ConvertOptions, imageKey, type ImageRequest, type ResolvedImage, type ResolvedImages } from "./context.ts";
import { semanticError } from "./errors.ts";
import { type PlannedStage, sourcesOf } from "./stages.ts";

/** What the target needs. */
export interface Needed {
  readonly stages: ReadonlySet<number>;
  readonly images: ResolvedImages;
  /** Instructions that run right after a stage's FROM. */
  readonly triggers: ReadonlyMap<number, readonly StageInstruction[]>;
}

/** Finds the stages that `target` needs, and looks their images up, several at once. */
export async function resolveNeeded(
  parsed: ParsedDockerfile,
  stages: readonly PlannedStage[],
  target: PlannedStage,
  options: ConvertOptions,
): Promise<Needed> {
  const images = new Map<string, ResolvedImage>();
  const triggers = new Map<number, readonly StageInstruction[]>();
  for (;;) {
    const { needed, requests } = walkStages(stages, target, triggers);
    const missing = [...requests].filter(([key]) => !images.has(key));
    if (missing.length === 0)
      return { stages: needed, triggers, images: { get: (name, platform) => images.get(imageKey(name, platform)) } };
    const found = await pool(AT_ONCE, missing, async ([key, request]) => [key, await options.resolveImage(request)] as const);
    for (const [key, image] of found) images.set(key, image);
    for (const planned of stages) {
      const { index } = planned.stage;
      if (!needed.has(index) || planned.base.kind !== "image" || planned.replaced === true || triggers.has(index)) continue;
      const texts = images.get(imageKey(planned.baseName, planned.platform))?.config.config?.OnBuild ?? [];
      triggers.set(
        index,
        texts.map((text) => parseTrigger(text, { name: `ONBUILD of ${planned.baseName}` })),
      );
    }
  }
}

/** Follows FROM and `--from` from the target on. */
function walkStages(
  stages: readonly PlannedStage[],
  target: PlannedStage,
  triggers: Map<number, readonly StageInstruction[]>,
): { readonly needed: ReadonlySet<number>; readonly requests: ReadonlyMap<string, ImageRequest> } {
  const stageNames = stages.flatMap(({ stage }) => (stage.name === undefined ? [] : [stage.name]));
  const needed = new Set<number>();
  const requests = new Map<string, ImageRequest>();
  const queue = [target];
  for (let planned = queue.pop(); planned !== undefined; planned = queue.pop()) {
    const { stage, base, baseName, platform, explicitPlatform } = planned;
    if (needed.has(stage.index)) continue;
    needed.add(stage.index);
    const follow = (index: number): void => {
      const next = stages[index];
      if (next !== undefined) queue.push(next);
    };
    const request = (name: string, range: ImageRequest["range"]): void => {
      if (name !== "scratch") requests.set(imageKey(name, platform), { name, platform, explicitPlatform, range, stageNames });
    };
    if (base.kind === "stage") follow(base.index);
    if (base.kind === "image") request(baseName, stage.from.image.range);
    if (base.kind === "stage" && !triggers.has(stage.index)) triggers.set(stage.index, stageTriggers(stages[base.index]));
    for (const instruction of [...(triggers.get(stage.index) ?? []), ...stage.instructions]) {
      for (const from of sourcesOf(stages, planned, instruction)) {
        if (from.kind === "stage") follow(from.index);
        else request(from.name, from.range);
      }
    }
  }
  return { needed, requests };
}

/** Triggers that a stage of the same file leaves behind. */
function stageTriggers(parent: PlannedStage | undefined): readonly StageInstruction[] {
  return (parent?.stage.instructions ?? []).flatMap((instruction) => {
    if (instruction.kind !== "onbuild") return [];
    if (instruction.trigger === undefined)
      throw semanticError(`Cannot run trigger "${instruction.expression}": it does not parse`, instruction.range);
    return [instruction.trigger];
  });
}
