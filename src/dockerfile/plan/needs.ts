/** Which stages and images the target needs: nothing else is read, resolved or built (rule S40). ONBUILD triggers may add more (S57). */
import type { ImageConfig, Platform } from "../../oci/index.ts";
import { follows } from "../../followed.ts";
import { semanticError } from "../errors.ts";
import { parseTrigger } from "../parser.ts";
import type { StageInstruction } from "../types.ts";
import { isOn } from "../values.ts";
import type { Attempt } from "./attempt.ts";
import { sourcesOf, stageNames, type StageNames } from "./sources.ts";
import type { NamedStage } from "./stages.ts";
import type { FromTarget, ImageRequest, PlanOptions } from "./types.ts";

/** What a stage runs, and where that takes files from. */
export interface StageLinks {
  /** Triggers of its base, which run right after FROM. */
  readonly triggers: readonly StageInstruction[];
  /** What each of `triggers` and then its own instructions takes files from; undefined where that is a mistake. */
  readonly sources: readonly (readonly FromTarget[] | undefined)[];
  readonly needs: readonly number[];
}

/** What the target needs. */
export interface Needs {
  readonly needed: ReadonlySet<number>;
  /** Of stages that are needed; with `everyStage` of all. */
  readonly links: ReadonlyMap<number, StageLinks>;
  readonly images: readonly ImageRequest[];
}

/** Follows FROM and `--from` from the target on; with `everyStage` also from all others. */
export function findNeeds(stages: readonly NamedStage[], target: number | undefined, options: PlanOptions, attempt: Attempt): Needs {
  const names = stageNames(stages.map(({ stage }) => stage));
  const links = new Map<number, StageLinks>();
  const images = new Map<string, ImageRequest>();
  const known = stages.flatMap(({ stage }) => (stage.name === undefined ? [] : [stage.name]));
  const visit = (start: number | undefined): void => {
    const queue = start === undefined ? [] : [start];
    for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
      const stage = stages[index];
      if (stage === undefined || links.has(index)) continue;
      const { platform, explicitPlatform } = stage;
      const found = linksOf(names, stage, stages, options, attempt);
      links.set(index, found);
      const request = (name: string, range: ImageRequest["range"]): void => {
        if (name !== "scratch") images.set(imageKey(name, platform), { name, platform, explicitPlatform, range, stageNames: known });
      };
      if (stage.base.kind === "image") request(stage.baseName, stage.stage.from.image.range);
      for (const from of found.sources.flatMap((all) => all ?? [])) if (from.kind === "image") request(from.name, from.range);
      queue.push(...found.needs);
    }
  };
  visit(target);
  const needed = new Set(links.keys());
  if (options.everyStage === true) for (const { stage } of stages) visit(stage.index);
  return { needed, links, images: [...images.values()] };
}

function linksOf(
  names: StageNames,
  planned: NamedStage,
  stages: readonly NamedStage[],
  options: PlanOptions,
  attempt: Attempt,
): StageLinks {
  const { stage, base } = planned;
  const triggers = triggersOf(planned, stages, options, attempt);
  const sources = [...triggers, ...stage.instructions].map((instruction) => attempt(() => sourcesOf(names, stage, instruction)));
  const copied = sources.flatMap((all) =>
    (all ?? []).flatMap((from) => (from.kind === "stage" && from.index !== stage.index ? [from.index] : [])),
  );
  return { triggers, sources, needs: [...(base.kind === "stage" ? [base.index] : []), ...copied] };
}

function triggersOf(
  { base, baseName, platform, isReplaced }: NamedStage,
  stages: readonly NamedStage[],
  options: PlanOptions,
  attempt: Attempt,
): readonly StageInstruction[] {
  if (follows(options.followed, "disable-onbuild") && isOn(options.buildArgs["BUILDKIT_DISABLE_ONBUILD"])) return [];
  if (base.kind === "stage") return stages[base.index]?.stage.instructions.flatMap((each) => attempt(() => leftTrigger(each)) ?? []) ?? [];
  if (base.kind !== "image" || isReplaced) return [];
  return imageTriggers(options.image?.(baseName, platform), baseName, attempt);
}

/** A trigger that a stage of the same file leaves behind. */
function leftTrigger(instruction: StageInstruction): StageInstruction[] {
  if (instruction.kind !== "onbuild") return [];
  if (instruction.trigger !== undefined) return [instruction.trigger];
  throw semanticError(`Cannot run trigger "${instruction.expression}": it does not parse`, { range: instruction.range });
}

function imageTriggers(image: ImageConfig | undefined, name: string, attempt: Attempt): StageInstruction[] {
  return (image?.config?.OnBuild ?? []).flatMap((text) => attempt(() => parseTrigger(text, { name: `ONBUILD of ${name}` })) ?? []);
}

/** The key of an image in a map. */
export function imageKey(name: string, platform: Platform): string {
  return JSON.stringify([name, platform.os, platform.architecture, platform.variant ?? ""]);
}
