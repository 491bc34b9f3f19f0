/** Makes the plan of a Dockerfile: FROM lines, the target and what it needs, then the words of every instruction. Pure. */
import { AT_ONCE, pool } from "../../async.ts";
import type { DecantError } from "../../errors.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { type GlobalArgumentOptions, globalArguments, predefinedArguments } from "../global-arguments.ts";
import type { ParsedDockerfile } from "../types.ts";
import { type Attempt, attemptInto } from "./attempt.ts";
import { findNeeds, imageKey, type Needs } from "./needs.ts";
import { checkLinkOwners } from "./link-owners.ts";
import { readStage, type StageEnd } from "./read-stage.ts";
import { stageNames } from "./sources.ts";
import { findTarget, nameStages, type NamedStage } from "./stages.ts";
import type { ImageRequest, Plan, PlannedStage, PlanOptions } from "./types.ts";

interface Links extends Needs {
  readonly globals: ReadonlyMap<string, string>;
  readonly stages: readonly NamedStage[];
  readonly target: number | undefined;
  readonly problems: readonly DecantError[];
}

/** The plan with what is known of images. Never throws for what stands in the file: mistakes are in `problems` and in the steps. */
export function planDockerfile(parsed: ParsedDockerfile, options: PlanOptions): Plan {
  return readPlan(parsed, options, linkStages(parsed, options));
}

/**
 * The plan with all images that it needs, each looked up once by `lookUp`, a few at a time. Ends early, with what is known by then, at the
 * first mistake that a build meets before it looks images up. Rejects with what `lookUp` rejects with.
 */
export async function resolvePlan(
  parsed: ParsedDockerfile,
  options: Omit<PlanOptions, "image">,
  lookUp: (request: ImageRequest) => Promise<ImageConfig>,
): Promise<Plan> {
  const images = new Map<string, ImageConfig>();
  const known: PlanOptions = { ...options, image: (name, platform) => images.get(imageKey(name, platform)) };
  for (;;) {
    const links = linkStages(parsed, known);
    const missing = links.images.filter(({ name, platform }) => !images.has(imageKey(name, platform)));
    if (missing.length === 0 || links.problems.length > 0) return readPlan(parsed, known, links);
    const found = await pool(
      AT_ONCE,
      missing,
      async (request) => [imageKey(request.name, request.platform), await lookUp(request)] as const,
    );
    for (const [key, config] of found) images.set(key, config);
  }
}

/** What the variables before the first FROM depend on. */
export function globalOptions(parsed: ParsedDockerfile, options: PlanOptions): GlobalArgumentOptions {
  const { buildArgs, platform, buildPlatform, target = parsed.stages.at(-1)?.name ?? "" } = options;
  return { escape: parsed.escape, buildArgs, platform, buildPlatform, target };
}

function linkStages(parsed: ParsedDockerfile, options: PlanOptions): Links {
  const problems: DecantError[] = [];
  const attempt: Attempt = attemptInto(problems);
  const wanted = globalOptions(parsed, options);
  const globals = attempt(() => globalArguments(parsed.metaArgs, wanted)) ?? predefinedArguments(wanted);
  const stages = nameStages(parsed, globals, options, attempt);
  checkLinkOwners(parsed, options, attempt);
  const target = attempt(() => findTarget(stages, options.target))?.stage.index;
  return { globals, stages, target, ...findNeeds(stages, target, options, attempt), problems };
}

function readPlan(parsed: ParsedDockerfile, options: PlanOptions, links: Links): Plan {
  const names = stageNames(links.stages.map(({ stage }) => stage));
  const ends = new Map<number, StageEnd>();
  const stages = links.stages.map((planned): PlannedStage => {
    const { base, stage } = planned;
    const own = links.links.get(stage.index);
    const isNeeded = links.needed.has(stage.index);
    if (own === undefined) return { ...planned, isNeeded, needs: [], image: undefined, start: NOTHING, steps: [] };
    const inherited = base.kind === "stage" ? ends.get(base.index) : undefined;
    const { start, steps, end } = readStage({ parsed, options, globals: links.globals, names, planned, links: own, inherited });
    ends.set(stage.index, end);
    return { ...planned, isNeeded, needs: own.needs, image: end.image, start, steps };
  });
  const { globals, images, problems } = links;
  return { parsed, options, globals, stages, target: stages[links.target ?? -1], images, problems };
}

const NOTHING: PlannedStage["start"] = { env: new Map(), args: new Map(), workdir: undefined, isComplete: false };
