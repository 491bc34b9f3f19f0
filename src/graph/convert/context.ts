/** What every part of a conversion sees. */
import type { ImageRequest, Plan, PlanOptions } from "../../dockerfile/index.ts";
import type { ImageConfig, Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { ExecMeta, SourceOp, Ulimit } from "../ops.ts";
import type { StageState } from "./stage-state.ts";

/** A permission as `--allow` names it; `device` is all devices, `device=NAME[,alias=OTHER]` some. */
export type Entitlement = "network.host" | "security.insecure" | "device" | `device=${string}` | "buildx.local.delete";

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
}

/** What the caller of a build says of its steps, with the names that `build` has. */
export interface StepOptions {
  /** Labels added to the result; they win over LABEL (rule S52). */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Run every step, whatever the cache has. Default false. */
  readonly noCache?: boolean | undefined;
  /** With `noCache` or `noCacheStages`: the cache mounts of these steps start empty, too, as in BuildKit. Default false: they stay. */
  readonly noCacheMounts?: boolean | undefined;
  /** Names (or indexes) of stages whose steps run, whatever the cache has. */
  readonly noCacheStages?: readonly string[] | undefined;
  /**
   * What RUN may ask for: "security.insecure" for --security=insecure; "network.host" for --network=host in a build whose network is another; "device"
   * for every --device, "device=NAME" for some, "device=NAME,alias=OTHER" for NAME where OTHER is asked for.
   */
  readonly allow?: readonly Entitlement[] | undefined;
  /** Network of RUN steps without their own. "default" is the host's network. */
  readonly network?: "default" | "host" | "none" | undefined;
  /** Further lines of /etc/hosts of RUN steps. */
  readonly addHosts?: ExecMeta["extraHosts"] | undefined;
  /** Limits of RUN steps, by the names of setrlimit(2) in lower case; -1 is none. */
  readonly ulimits?: readonly Ulimit[] | undefined;
  /** Size of /dev/shm of RUN steps, in bytes. Default 64 MiB. */
  readonly shmSizeBytes?: number | undefined;
  /** CDI devices for all RUN steps, by the names of RUN --device. */
  readonly devices?: readonly { readonly name: string; readonly required?: boolean | undefined }[] | undefined;
}

/** Options of a conversion. */
export interface ConvertOptions
  extends StepOptions, Pick<PlanOptions, "followed" | "target" | "buildArgs" | "platform" | "buildPlatform" | "hasContext"> {
  /** SOURCE_DATE_EPOCH: the time of directories that WORKDIR makes. */
  readonly epochSec?: number | undefined;
  /** Progress names the platform of each step. Default false. */
  readonly severalPlatforms?: boolean | undefined;
  readonly resolveImage: (request: ImageRequest) => Promise<ResolvedImage>;
  /** The source to take for that of an ADD. Default: as it is. */
  readonly addedSource?: ((op: SourceOp, range: SourceRange) => SourceOp) | undefined;
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
interface ResolvedImages {
  get(name: string, platform: Platform): ResolvedImage | undefined;
}
