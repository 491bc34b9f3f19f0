/** What a stage starts with: an empty tree, an image, or an earlier stage (rules S29, S33, S45, S46, S51). */
import type { PlannedStage, Stage } from "../../dockerfile/index.ts";
import { given } from "../../given.ts";
import { type ContainerConfig, formatPlatform, type ImageConfig, type Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import { vertex, type Vertex } from "../vertex.ts";
import { configParts, copiedParts } from "./config-parts.ts";
import type { ConvertContext, ResolvedImage } from "./context.ts";
import { type HistoryItem, layerItem } from "./history.ts";
import { filesBaseVertex } from "./named-context.ts";
import { setEnv, type StageState, stepPrefix } from "./stage-state.ts";

/** Starts a stage; `total` is how many steps progress will count. */
export function startStage(context: ConvertContext, planned: PlannedStage, total: number): StageState {
  const { stage, base } = planned;
  const parent = base.kind === "stage" ? context.states.get(base.index) : undefined;
  const image = base.kind === "image" ? context.images.get(planned.baseName, planned.platform) : undefined;
  const inherited = parent ?? (image === undefined ? scratchStart() : imageStart(image));
  const { OnBuild: _triggers, ...config } = inherited.config;
  const parts = parent === undefined ? configParts(config) : copiedParts(parent.parts);
  // S33: an image without PATH gets one, also in its configuration.
  if (!parts.env.has("PATH")) parts.env.set("PATH", `PATH=${planned.start.env.get("PATH") ?? ""}`);
  const state: StageState = {
    followed: context.options.followed,
    index: stage.index,
    label: context.plan.stages.length === 1 ? "" : (stage.name ?? `stage-${stage.index}`),
    showsPlatform: context.options.severalPlatforms === true,
    slot: slotOf(planned.platform, context.options.buildPlatform),
    stage,
    platform: parent?.platform ?? image?.platform ?? planned.platform,
    noCache: context.options.noCache === true || isNamed(stage, context.options.noCacheStages ?? []),
    vertex: parent?.vertex,
    base: inherited.base,
    config,
    parts,
    author: inherited.author,
    history: [...inherited.history],
    env: new Map(),
    fromArgs: new Set(),
    environment: undefined,
    envKey: undefined,
    envSince: [],
    args: new Map(planned.start.args),
    hasCmd: false,
    shown: 0,
    total,
    onbuild: false,
  };
  for (const [name, value] of planned.start.env) setEnv(state, name, value);
  if (image !== undefined) addBase(state, image, stage.from.image.range);
  return state;
}

function slotOf(platform: Platform, buildPlatform: Platform): string {
  const name = formatPlatform(platform);
  return name === formatPlatform(buildPlatform) ? "" : `${name}/`;
}

function isNamed(stage: Stage, names: readonly string[]): boolean {
  return names.some((name) => name.toLowerCase() === stage.name || name === String(stage.index));
}

interface StageStart {
  readonly config: ContainerConfig;
  readonly base: ImageConfig | undefined;
  readonly author: string | undefined;
  readonly history: readonly HistoryItem[];
}

function scratchStart(): StageStart {
  return { config: { WorkingDir: "/" }, base: undefined, author: undefined, history: [] };
}

function imageStart({ config: base, files }: ResolvedImage): StageStart {
  if (files !== undefined) return { ...scratchStart(), history: [layerItem(`FROM ${files.name}`, true)] };
  const history = (base.history ?? []).map((entry): HistoryItem => ({
    createdBy: entry.created_by ?? "",
    emptyLayer: entry.empty_layer ?? false,
    ...given({ comment: entry.comment, author: entry.author, created: entry.created }),
  }));
  const told = history.filter((entry) => !entry.emptyLayer).length;
  // Some images have layers that their history does not tell of; S60 wants as many entries as layers.
  const untold = Array.from({ length: Math.max(0, base.rootfs.diff_ids.length - told) }, (): HistoryItem => ({
    createdBy: "",
    emptyLayer: false,
    created: base.created ?? "1970-01-01T00:00:00Z",
  }));
  return { config: base.config ?? {}, base, author: base.author, history: [...history, ...untold] };
}

/** Counts the FROM as a step, and makes it one unless the image has no layers: then it is as good as scratch (S45). */
function addBase(state: StageState, image: ResolvedImage, range: SourceRange): void {
  const prefix = stepPrefix(state);
  if (image.files !== undefined) {
    state.vertex = filesBaseVertex(image, image.files, `${prefix} FROM ${image.files.name}`, range, state.label);
    return;
  }
  if (image.config.rootfs.diff_ids.length === 0) return;
  state.vertex = imageVertex(image, prefix, range, state.label);
}

/** An image as a vertex. */
export function imageVertex(image: ResolvedImage, prefix: string, range: SourceRange, stage = ""): Vertex {
  return vertex({ kind: "source", identifier: image.identifier, attrs: {} }, [], image.platform, {
    name: `${prefix} FROM ${image.identifier.replace("docker-image://", "")}`,
    ...(stage === "" ? {} : { stage }),
    source: range,
    ignoreCache: false,
    internal: false,
    slot: `image/${image.identifier}`,
  });
}

/** The build context as a vertex; the same for every stage. */
export function contextVertex(platform: Platform): Vertex {
  return vertex({ kind: "source", identifier: "local://context", attrs: {} }, [], platform, {
    name: "[internal] load build context",
    ignoreCache: false,
    internal: true,
    slot: "context",
  });
}
