/** What every part of a conversion sees. */
import type { ImageRequest, Plan, PlanOptions } from "../../dockerfile/index.ts";
import type { ImageConfig, Platform } from "../../oci/index.ts";
import type { DeviceRequest, ExecMeta, SourceOp, Ulimit } from "../ops.ts";
import type { StageState } from "./stage-state.ts";

/** A permission as `--allow` names it; `device` is all devices, `device=NAME[,alias=OTHER]` some. */
export type Entitlement = "network.host" | "security.insecure" | "device" | `device=${string}`;

/** What the caller found. */
export interface ResolvedImage {
  /** "docker-image://docker.io/library/node:18@sha256:…" */
  readonly identifier: string;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** A named context that is files and no image; `config` then says nothing. */
  readonly files?: ContextFiles;
}

/** Files that take the place of an image. */
export interface ContextFiles {
  /** As the user named it. */
  readonly name: string;
  readonly source: SourceOp;
  /** The one file of `source`, which is unpacked where it is an archive. */
  readonly unpack?: string;
}

/** Options of a conversion. */
export interface ConvertOptions extends Pick<PlanOptions, "target" | "buildArgs" | "platform" | "buildPlatform" | "hasContext"> {
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  /** Names or indexes of stages whose steps never come from the cache, besides `noCache`. */
  readonly noCacheStages?: readonly string[];
  readonly hostname?: string;
  /** What RUN may ask for beyond the usual. */
  readonly allow?: readonly Entitlement[];
  /** False: RUN --network=host needs "network.host". Default true: it is the network of all steps anyway. */
  readonly hostNetwork?: boolean;
  /** For every RUN. */
  readonly extraHosts?: ExecMeta["extraHosts"];
  readonly ulimits?: readonly Ulimit[];
  /** Size of /dev/shm for every RUN. */
  readonly shmSizeBytes?: number;
  readonly devices?: readonly DeviceRequest[];
  /** SOURCE_DATE_EPOCH: the time of directories that WORKDIR makes. */
  readonly epochSec?: number;
  readonly resolveImage: (request: ImageRequest) => Promise<ResolvedImage>;
}

/** Everything known of the file and its images while stages are converted. */
export interface ConvertContext {
  readonly plan: Plan;
  readonly options: ConvertOptions;
  readonly images: ResolvedImages;
  /** Stages converted so far, by index. */
  readonly states: ReadonlyMap<number, StageState>;
}

/** Images by name and platform. */
export interface ResolvedImages {
  get(name: string, platform: Platform): ResolvedImage | undefined;
}
