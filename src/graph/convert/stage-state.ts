/** What a stage has become while its instructions are converted, one after the other. The only mutable value of this room. */
import { type Digest, sha256 } from "../../digest.ts";
import type { Stage, StageInstruction } from "../../dockerfile/index.ts";
import type { Followed } from "../../followed.ts";
import type { ContainerConfig, ImageConfig, Platform } from "../../oci/index.ts";
import { withoutUrlSecrets } from "../../url-secrets.ts";
import type { Vertex, VertexMeta } from "../vertex.ts";
import { type ConfigParts, joinedConfig } from "./config-parts.ts";
import type { HistoryItem } from "./history.ts";
import { platformLabel } from "./platform-label.ts";

/** What RUN steps see: "NAME=value", and a digest that stands for it. */
interface Environment {
  readonly lines: readonly string[];
  readonly key: Digest;
  readonly argNames: readonly string[];
}

/** A stage on its way. */
export interface StageState {
  /** The versions whose rules hold; undefined is the newest. */
  readonly followed: Followed | undefined;
  readonly index: number;
  /** What progress shows: its name, "stage-1", or "" when it is alone. */
  readonly label: string;
  /** Progress shows the platform, too: there are several. */
  readonly showsPlatform: boolean;
  /** What the slots of its steps begin with: the platform, where it is not that of this machine. */
  readonly slot: string;
  readonly stage: Stage;
  readonly platform: Platform;
  readonly noCache: boolean;
  /** Absent: an empty tree. */
  vertex: Vertex | undefined;
  /** The base image's configuration file; absent for scratch. */
  base: ImageConfig | undefined;
  /** Without what the parts say: see `imageConfig`. */
  config: ContainerConfig;
  readonly parts: ConfigParts;
  author: string | undefined;
  history: HistoryItem[];
  /** The environment of RUN steps: ENV and ARG, the last set last. Changed by `setEnv` only. */
  readonly env: Map<string, string>;
  /** Those of `env` that an ARG has set last. */
  readonly fromArgs: Set<string>;
  /** The same for RUN steps, while nothing is set. */
  environment: Environment | undefined;
  /** The key of the environment of the step before, and what was set since. */
  envKey: Digest | undefined;
  envSince: string[];
  /** ARGs declared so far, with their values where they have any. */
  readonly args: Map<string, string | undefined>;
  /** CMD was set in this stage (rule S47). */
  hasCmd: boolean;
  /** Steps shown so far, and in all. */
  shown: number;
  total: number;
  /** True while a trigger of the base runs. */
  onbuild: boolean;
}

/** The configuration as it is by now. */
export function imageConfig({ config, parts }: Pick<StageState, "config" | "parts">): ContainerConfig {
  return joinedConfig(config, parts);
}

/** Sets a variable of RUN steps; the last one set comes last, as BuildKit orders them. `by`: the instruction that sets it. */
export function setEnv(state: StageState, key: string, value: string, by: string = "env"): void {
  if (by === "arg") state.fromArgs.add(key);
  else state.fromArgs.delete(key);
  state.env.delete(key);
  state.env.set(key, value);
  state.environment = undefined;
  state.envSince.push(`${key}=${value}`);
}

/** The environment of a RUN step. */
export function environment(state: StageState): Environment {
  if (state.environment !== undefined) return state.environment;
  state.envKey = sha256(JSON.stringify([state.envKey ?? "", state.envSince]));
  state.envSince = [];
  const lines = Array.from(state.env, ([key, value]) => `${key}=${value}`);
  state.environment = { lines, key: state.envKey, argNames: [...state.fromArgs] };
  return state.environment;
}

/** "[build 2/5]", in a build for several platforms "[linux/amd64->arm64 build 2/5]". Counts the step. */
export function stepPrefix(state: StageState): string {
  state.shown += 1;
  const counter = `${String(state.shown).padStart(String(state.total).length)}/${state.total}`;
  const platform = state.showsPlatform ? platformLabel(state.platform, state.args) : "";
  return `[${[platform, state.label, counter].filter((part) => part !== "").join(" ")}]`;
}

/** "[build 2/5] RUN npm ci", and the rest of what is shown. Counts the step. */
export function stepMeta(state: StageState, instruction: StageInstruction, text: string): VertexMeta {
  return {
    name: `${stepPrefix(state)} ${state.onbuild ? "ONBUILD " : ""}${text}`,
    ...(state.label === "" ? {} : { stage: state.label }),
    source: instruction.range,
    ignoreCache: state.noCache,
    internal: false,
    slot: `${state.slot}${state.stage.name ?? state.index}/${state.shown}/${instruction.kind}`,
  };
}

/** The line with its keyword in capitals, for progress: without what addresses may hold of secrets. */
export function shownLine(state: StageState, instruction: StageInstruction): string {
  const keyword = instruction.keyword.text;
  return keyword.toUpperCase() + withoutUrlSecrets(instruction.line.slice(keyword.length));
}
