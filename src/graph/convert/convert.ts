/**
 * Dockerfile → build graph. Only what the target needs is converted, or even resolved (rule S40). Pure: images are looked up by the
 * caller's function, several at once.
 */
import {
  type FixedInstruction,
  type FromTarget,
  imageKey,
  type ParsedDockerfile,
  type Plan,
  type PlannedStage,
  type PlannedStep,
  resolvePlan,
  type StageInstruction,
  type StepValues,
} from "../../dockerfile/index.ts";
import { InternalError } from "../../errors.ts";
import type { ContainerConfig, ImageConfig, Platform } from "../../oci/index.ts";
import type { Vertex } from "../vertex.ts";
import { convertArg } from "./args.ts";
import type { ConvertContext, ConvertOptions, ResolvedImage } from "./context.ts";
import { convertCopy } from "./copy.ts";
import type { HistoryItem, LayerOrigin } from "./history.ts";
import * as metadata from "./metadata.ts";
import { filesVertex } from "./named-context.ts";
import { convertRun } from "./run.ts";
import { contextVertex, imageVertex, startStage } from "./start.ts";
import { imageConfig, setEnv, shownLine, type StageState } from "./stage-state.ts";
import { convertWorkdir } from "./workdir.ts";

/** The graph of the target, and the image that its result becomes. */
export interface Conversion {
  /** What it was made of. */
  readonly plan: Plan;
  /** Absent: the image has no layers. */
  readonly target: Vertex | undefined;
  readonly config: ContainerConfig;
  readonly base: ImageConfig | undefined;
  /** The identifier of the image that the target, or the first of its parents, is from: "docker-image://…@sha256:…". Absent for scratch. */
  readonly baseImage: string | undefined;
  readonly author: string | undefined;
  /** As many non-empty entries as the target has layers. */
  readonly history: readonly HistoryItem[];
  readonly platform: Platform;
  /** The other stages that were needed, in the order of the Dockerfile. */
  readonly stages: readonly ConvertedStage[];
}

/** A stage that is not the target. */
interface ConvertedStage {
  /** Its name, or "stage-0". */
  readonly name: string;
  /** What it ends with; absent for an empty tree. */
  readonly vertex: Vertex | undefined;
}

/** Converts what `options.target` needs. Throws `DOCKERFILE_SEMANTIC`, `UNSUPPORTED`, and what `resolveImage` throws. */
export async function toGraph(parsed: ParsedDockerfile, options: ConvertOptions): Promise<Conversion> {
  const images = new Map<string, ResolvedImage>();
  const plan = await resolvePlan(parsed, options, async (request) => {
    const image = await options.resolveImage(request);
    images.set(imageKey(request.name, request.platform), image);
    return image.config;
  });
  const { target } = plan;
  if (plan.problems[0] !== undefined) throw plan.problems[0];
  if (target === undefined) throw new InternalError("a plan without problems has no target");
  const states = new Map<number, StageState>();
  const context: ConvertContext = { plan, options, images: { get: (name, platform) => images.get(imageKey(name, platform)) }, states };
  for (const planned of plan.stages) if (planned.isNeeded) convertStage(context, planned, states);
  const done = states.get(target.stage.index);
  if (done === undefined) throw new InternalError("the target stage was not converted");
  const config = imageConfig(done);
  const { labels: added = {} } = options;
  const labels = Object.keys(added).length === 0 ? {} : { Labels: { ...config.Labels, ...added } };
  return {
    plan,
    target: done.vertex,
    config: { ...config, ...labels },
    base: done.base,
    baseImage: baseImageOf(context, target),
    author: done.author,
    history: done.history,
    platform: done.platform,
    stages: [...states.values()]
      .filter(({ index }) => index !== target.stage.index)
      .map(({ stage, vertex }) => ({ name: stageName(stage), vertex })),
  };
}

function baseImageOf(context: ConvertContext, { base, baseName, platform }: PlannedStage): string | undefined {
  const parent = base.kind === "stage" ? context.plan.stages[base.index] : undefined;
  if (parent !== undefined) return baseImageOf(context, parent);
  return base.kind === "image" ? context.images.get(baseName, platform)?.identifier : undefined;
}

function convertStage(context: ConvertContext, planned: PlannedStage, states: Map<number, StageState>): void {
  const total = (planned.base.kind === "image" ? 1 : 0) + planned.steps.filter(({ instruction }) => isShown(instruction)).length;
  const state = startStage(context, planned, total);
  // A trigger may copy from the stage that it runs in.
  states.set(planned.stage.index, state);
  for (const step of planned.steps) {
    if (step.problem !== undefined) throw step.problem;
    state.onbuild = step.trigger !== undefined;
    convertStep(context, state, planned, step);
  }
}

function stageName({ name, index }: PlannedStage["stage"]): string {
  return name ?? `stage-${index}`;
}

/** Converts an instruction, and tells where the layer comes from that it makes, if any. */
function convertStep(context: ConvertContext, state: StageState, planned: PlannedStage, step: PlannedStep): void {
  const before = state.history.length;
  convertInstruction(context, state, planned, step.values);
  for (const [name, value] of step.sets) setEnv(state, name, value, step.instruction.kind);
  const made = state.history.splice(before);
  const origin = made.every((item) => item.emptyLayer) ? undefined : originOf(context, state, step);
  state.history.push(...made.map((item) => (item.emptyLayer || origin === undefined ? item : { ...item, origin })));
}

function originOf({ plan }: ConvertContext, state: StageState, { instruction, values }: PlannedStep): LayerOrigin {
  return {
    instruction: shownLine(state, instruction),
    source: instruction.range,
    ...(state.label === "" ? {} : { stage: state.label }),
    ...(values.kind === "copy" ? { copiedFrom: nameOfSource(plan, values.from) } : {}),
  };
}

function nameOfSource({ stages }: Plan, from: FromTarget | undefined): string {
  if (from === undefined) return "build context";
  if (from.kind === "image") return `image ${from.name}`;
  const stage = stages[from.index]?.stage;
  return stage === undefined ? "build context" : `stage ${stageName(stage)}`;
}

/** Progress counts it. */
function isShown({ kind }: StageInstruction): boolean {
  return kind === "run" || kind === "copy" || kind === "add" || kind === "workdir";
}

function convertInstruction(context: ConvertContext, state: StageState, planned: PlannedStage, values: StepValues): void {
  const { options } = context;
  const source = (from: FromTarget | undefined): Vertex | undefined =>
    from === undefined ? contextVertex(options.buildPlatform) : fromVertex(context, planned, from);
  switch (values.kind) {
    case "arg":
      return convertArg(state, values);
    case "env":
      return metadata.convertEnv(state, values);
    case "label":
      return metadata.convertLabel(state, values);
    case "run":
      return convertRun(state, values, { ...options, mountSource: source });
    case "copy":
      return convertCopy(state, values, { from: source(values.from), addedSource: options.addedSource });
    case "workdir":
      return convertWorkdir(state, values, options);
    case "user":
      return metadata.convertUser(state, values);
    case "expose":
      return metadata.convertExpose(state, values);
    case "volume":
      return metadata.convertVolume(state, values);
    case "stopsignal":
      return metadata.convertStopsignal(state, values);
    case "fixed":
      return convertFixed(state, values.instruction);
    case "unread":
      throw new InternalError("a step that could not be read was converted");
    default:
      return values satisfies never;
  }
}

function convertFixed(state: StageState, instruction: FixedInstruction): void {
  switch (instruction.kind) {
    case "cmd":
      return metadata.convertCmd(state, instruction);
    case "entrypoint":
      return metadata.convertEntrypoint(state, instruction);
    case "shell":
      return metadata.convertShell(state, instruction);
    case "healthcheck":
      return metadata.convertHealthcheck(state, instruction);
    case "onbuild":
      return metadata.convertOnbuild(state, instruction.expression);
    case "maintainer":
      return metadata.convertMaintainer(state, instruction.name.text);
    default:
      return instruction satisfies never;
  }
}

/** The files that a `from` names; undefined is an empty tree. */
function fromVertex(context: ConvertContext, planned: PlannedStage, from: FromTarget): Vertex | undefined {
  if (from.kind === "stage") return context.states.get(from.index)?.vertex;
  if (from.name === "scratch") return undefined;
  const image = context.images.get(from.name, planned.platform);
  if (image === undefined) throw new InternalError(`image ${from.name} was not resolved`);
  if (image.files !== undefined) return filesVertex(image, image.files, from.range);
  return image.config.rootfs.diff_ids.length === 0 ? undefined : imageVertex(image, "[internal]", from.range);
}
