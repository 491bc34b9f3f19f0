/** What every part of a conversion sees. */
import type { ParsedDockerfile } from "../../dockerfile/index.ts";
import type { ImageConfig, Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { BuildArgs } from "./args.ts";
import type { PlannedStage } from "./stages.ts";
import type { StageState } from "./stage-state.ts";

/** An image that a reachable stage needs. */
export interface ImageRequest {
  /** As written, variables filled in. */
  readonly name: string;
  readonly platform: Platform;
  /** False: `platform` is only the build's default. */
  readonly explicitPlatform: boolean;
  readonly range: SourceRange;
  /** Names of stages, for did-you-mean. */
  readonly stageNames: readonly string[];
}

/** What the caller found. */
export interface ResolvedImage {
  /** "docker-image://docker.io/library/node:18@sha256:…" */
  readonly identifier: string;
  readonly config: ImageConfig;
  readonly platform: Platform;
}

/** Options of a conversion. */
export interface ConvertOptions {
  readonly target?: string;
  readonly buildArgs: BuildArgs;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  readonly noCache: boolean;
  readonly hostname?: string;
  /** SOURCE_DATE_EPOCH: the time of directories that WORKDIR makes. */
  readonly epochSec?: number;
  readonly resolveImage: (request: ImageRequest) => Promise<ResolvedImage>;
}

/** Everything known of the file and its images while stages are converted. */
export interface ConvertContext {
  readonly parsed: ParsedDockerfile;
  readonly options: ConvertOptions;
  readonly globals: ReadonlyMap<string, string>;
  readonly stages: readonly PlannedStage[];
  readonly images: ResolvedImages;
  /** Stages converted so far, by index. */
  readonly states: ReadonlyMap<number, StageState>;
}

/** Images by name and platform. */
export interface ResolvedImages {
  get(name: string, platform: Platform): ResolvedImage | undefined;
}

/** The key of an image in a map. */
export function imageKey(name: string, platform: Platform): string {
  return JSON.stringify([name, platform.os, platform.architecture, platform.variant ?? ""]);
}
