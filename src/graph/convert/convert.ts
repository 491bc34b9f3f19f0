/**
 * Dockerfile → build graph. Only what the target needs is converted, or even resolved (rule S40). Pure: images are looked up by the
 * caller's function, several at once.
 */
import {
  type AddInstruction,
  type CopyInstruction,
  globalArguments,
  type ParsedDockerfile,
  type StageInstruction,
} from "../../dockerfile/index.ts";
import { InternalError } from "../../errors.ts";
import type { ContainerConfig, ImageConfig, Platform } from "../../oci/index.ts";
import type { Vertex } from "../vertex.ts";
import { convertArg } from "./args.ts";
import type { ConvertContext, ConvertOptions } from "./context.ts";
import { convertCopy } from "./copy.ts";
import { semanticError } from "./errors.ts";
import type { HistoryItem, LayerOrigin } from "./history.ts";
import * as metadata from "./metadata.ts";
import { filesVertex } from "./named-context.ts";
import { resolveNeeded } from "./resolve.ts";
import { convertRun } from "./run.ts";
import { contextVertex, imageVertex, startStage } from "./start.ts";
import { copyFrom, findTarget, type FromTarget, mountFrom, type PlannedStage, planStages } from "./stages.ts";
import { expand, imageConfig, shownLine, type StageState } from "./stage-state.ts";
import { convertWorkdir } from "./workdir.ts";

/** The graph of the target, and the image that its result becomes. */
export interface Conversion {
  /** Absent: the image has no layers. */
  readonly target: Vertex | undefined;
  readonly config: ContainerConfig;
  readonly base: ImageConfig | undefined;
  readonly author: string | undefined;
  /** As many non-empty entries as the target has layers. */
  readonly history: readonly HistoryItem[];
  readonly platform: Platform;
  /** The other stages that were needed, in the order of the Dockerfile. */
  readonly stages: readonly ConvertedStage[];
}

/** A stage that is not the target. */
export interface ConvertedStage {
  /** Its name, or "stage-0". */
  readonly name: string;
  /** What it ends with; absent for an empty tree. */
  readonly vertex: Vertex | undefined;
}

/** Converts what `options.target` needs. Throws `DOCKERFILE_SEMANTIC`, `UNSUPPORTED`, and what `resolveImage` throws. */
export async function toGraph(parsed: ParsedDockerfile, options: ConvertOptions): Promise<Conversion> {
  const globals = globalArguments(parsed.metaArgs, {
    escape: parsed.escape,
    buildArgs: options.buildArgs,
    platform: options.platform,
    buildPlatform: options.buildPlatform,
    target: options.target ?? parsed.stages.at(-1)?.name ?? "",
  });
  const stages = planStages(parsed, globals, options);
  const target = findTarget(stages, options.target);
  const needed = await resolveNeeded(parsed, stages, target, options);
  const states = new Map<number, StageState>();
  const context: ConvertContext = { parsed, options, globals, stages, images: needed.images, states };
  for (const planned of stages) {
    const { index, instructions } = planned.stage;
    if (!needed.stages.has(index)) continue;
    const triggers = needed.triggers.get(index) ?? [];
    const total = (planned.base.kind === "image" ? 1 : 0) + countSteps(triggers) + countSteps(instructions);
    const state = startStage(context, planned, total);
    states.set(index, state);
    state.onbuild = true;
    for (const instruction of triggers) convertNext(context, state, planned, instruction);
    state.onbuild = false;
    for (const instruction of instructions) convertNext(context, state, planned, instruction);
  }
  const done = states.get(target.stage.index);
  if (done === undefined) throw new InternalError("the target stage was not converted");
  const config = imageConfig(done);
  const labels = Object.keys(options.labels).length === 0 ? {} : { Labels: { ...config.Labels, ...options.labels } };
  return {
    target: done.vertex,
    config: { ...config, ...labels },
    base: done.base,
    author: done.author,
    history: done.history,
    platform: done.platform,
    stages: [...states.values()]
      .filter(({ index }) => index !== target.stage.index)
      .map(({ stage, vertex }) => ({ name: stageName(stage), vertex })),
  };
}

function stageName({ name, index }: PlannedStage["stage"]): string {
  return name ?? `stage-${index}`;
}

/** Converts an instruction, and tells where the layer comes from that it makes, if any. */
function convertNext(context: ConvertContext, state: StageState, planned: PlannedStage, instruction: StageInstruction): void {
  const before = state.history.length;
  convertInstruction(context, state, planned, instruction);
  const made = state.history.splice(before);
  const origin = made.every((item) => item.emptyLayer) ? undefined : originOf(context, state, planned, instruction);
  state.history.push(...made.map((item) => (item.emptyLayer || origin === undefined ? item : { ...item, origin })));
}

function originOf(context: ConvertContext, state: StageState, planned: PlannedStage, instruction: StageInstruction): LayerOrigin {
  const isCopy = instruction.kind === "copy" || instruction.kind === "add";
  const from = isCopy ? copyFrom(context.stages, planned, instruction) : undefined;
  return {
    instruction: shownLine(state, instruction),
    source: instruction.range,
    ...(state.label === "" ? {} : { stage: state.label }),
    ...(isCopy ? { copiedFrom: nameOfSource(context, from) } : {}),
  };
}

function nameOfSource({ stages }: ConvertContext, from: FromTarget | undefined): string {
  if (from === undefined) return "build context";
  if (from.kind === "image") return `image ${from.name}`;
  const stage = stages[from.index]?.stage;
  return stage === undefined ? "build context" : `stage ${stageName(stage)}`;
}

function countSteps(instructions: readonly StageInstruction[]): number {
  return instructions.filter(({ kind }) => kind === "run" || kind === "copy" || kind === "add" || kind === "workdir").length;
}

function convertInstruction(context: ConvertContext, state: StageState, planned: PlannedStage, instruction: StageInstruction): void {
  const { options } = context;
  switch (instruction.kind) {
    case "arg":
      return convertArg(state, instruction, context.globals, options.buildArgs);
    case "env":
      return metadata.convertEnv(state, instruction);
    case "label":
      return metadata.convertLabel(state, instruction);
    case "run":
      return convertRun(state, instruction, {
        ...options,
        mountSource: (flag) => {
          const from = mountFrom(context.stages, planned, flag);
          return from === undefined ? contextVertex(options.buildPlatform) : fromVertex(context, planned, from);
        },
      });
    case "copy":
    case "add":
      return convertCopy(state, instruction, copySource(context, planned, instruction));
    case "workdir":
      return convertWorkdir(state, instruction, options);
    case "user": {
      const user = expand(state, instruction.user);
      if (user === "") throw semanticError("Cannot set USER: it is empty after expansion", instruction.range);
      return metadata.convertUser(state, user);
    }
    case "cmd":
      return metadata.convertCmd(state, instruction);
    case "entrypoint":
      return metadata.convertEntrypoint(state, instruction);
    case "expose":
      return metadata.convertExpose(state, instruction);
    case "volume":
      return metadata.convertVolume(state, instruction);
    case "shell":
      return metadata.convertShell(state, instruction);
    case "stopsignal":
      return metadata.convertStopsignal(state, instruction);
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

/** What the local sources of a COPY or ADD come from; undefined is an empty tree. */
function copySource(context: ConvertContext, planned: PlannedStage, instruction: CopyInstruction | AddInstruction): Vertex | undefined {
  const from = copyFrom(context.stages, planned, instruction);
  return from === undefined ? contextVertex(context.options.buildPlatform) : fromVertex(context, planned, from);
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
