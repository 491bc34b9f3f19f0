/** The public options, handles and results (decision 10). The command line uses nothing else. */
import type { AuditReport } from "../audit/index.ts";
import type { ByteStream } from "../bytes.ts";
import type { BuildEvent } from "../events.ts";
import type { Digest } from "../digest.ts";
import type { SandboxResources } from "../engine/index.ts";
import type { Entitlement } from "../graph/index.ts";
import type { AnnotationSpec, ExportResult, OutputSpec } from "../image/index.ts";
import type { AttestationOptions } from "./attestation-types.ts";

/** Options of every call that works on a store. */
export interface StoreOptions {
  /** Folder of the store. Default: DECANT_ROOT, else /var/lib/decant for root, else ~/.local/share/decant. */
  readonly root?: string;
  /** Environment to read DOCKER_CONFIG, CA bundles, SOURCE_DATE_EPOCH … from. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/**
 * A running piece of work: iterate it for events (replayed from the first), await `result`. Iterating ends with the work and never throws what
 * `result` rejects with. Disposing cancels and waits for the clean-up.
 */
export interface Run<Result> extends AsyncIterable<BuildEvent>, AsyncDisposable {
  readonly result: Promise<Result>;
  cancel(reason?: unknown): void;
}

/** Options of `build`. Names and meanings as in docker buildx build. */
export interface BuildOptions extends StoreOptions, AttestationOptions {
  /**
   * A folder; "-" for an archive or a bare Dockerfile from `stdin`; a git reference (`https://host/x.git#ref:subdir`, `git@host:path` …); the
   * URL of an archive or a Dockerfile.
   */
  readonly context: string;
  /**
   * The Dockerfile: for a folder relative to the working directory, else a path in the context; "-" reads it from `stdin`; or a URL.
   * Default: `Dockerfile` in the context.
   */
  readonly file?: string;
  /** For `context: "-"` and `file: "-"`. */
  readonly stdin?: ByteStream;
  /**
   * Named contexts: what stands in for images, stages and `--from` of that name (`name::linux/arm64`: on that platform). A folder, a git
   * reference, the URL of an archive or file, `docker-image://REF`, `oci-layout://PATH[:TAG|@DIGEST]`, `distroless:RECIPE[:VARIANT]`.
   */
  readonly buildContexts?: Readonly<Record<string, string>>;
  /** Folder that relative paths in options start from. Default: the working directory. */
  readonly cwd?: string;
  /** Image names for the store, the docker and oci exporters, and for pushing. */
  readonly tags?: readonly string[];
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Labels added to the result; they win over LABEL (rule S52). */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of every output that is an image; they win over those of the output itself. */
  readonly annotations?: readonly AnnotationSpec[];
  /** Default: the image store when there is a tag, else nothing is kept but the cache. */
  readonly outputs?: readonly OutputSpec[];
  readonly noCache?: boolean;
  /** Names (or indexes) of stages whose steps run, whatever the cache has. */
  readonly noCacheStages?: readonly string[];
  /** Always ask the registry for base images, even where the store has the name. */
  readonly pull?: boolean;
  /** Network of RUN steps without their own. "default" is the host's network. */
  readonly network?: "default" | "host" | "none";
  /** Secrets for `RUN --mount=type=secret`. Their values are never stored. */
  readonly secrets?: readonly SecretSpec[];
  /** SSH agents for `RUN --mount=type=ssh`. */
  readonly ssh?: readonly SshSpec[];
  /**
   * What RUN may ask for: "security.insecure" for --security=insecure; "network.host" for --network=host in a build with network "none"; "device"
   * for every --device, "device=NAME" for some, "device=NAME,alias=OTHER" for NAME where OTHER is asked for.
   */
  readonly allow?: readonly Entitlement[];
  /** Further lines of /etc/hosts of RUN steps. */
  readonly addHosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Limits of RUN steps, by the names of setrlimit(2) in lower case; -1 is none. */
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** The cgroup above those of RUN steps: a path, or a slice of systemd. Default: steps have none of their own, but with `resources` below "decant". */
  readonly cgroupParent?: string;
  /** What each RUN step may use. Not part of cache keys. */
  readonly resources?: SandboxResources;
  /** CDI devices for all RUN steps, by the names of RUN --device. */
  readonly devices?: readonly { readonly name: string; readonly required?: boolean }[];
  /** Folders of CDI specifications, the last one wins. Default: /etc/cdi, /var/run/cdi, /etc/buildkit/cdi. */
  readonly cdiSpecDirs?: readonly string[];
  /** Size of /dev/shm of RUN steps, in bytes. Default 64 MiB. */
  readonly shmSizeBytes?: number;
  /** Host certificates for RUN steps: "auto" (default: where the environment names a bundle), "off", or the path of a PEM bundle. */
  readonly caCerts?: string;
  /** One platform for now, e.g. "linux/amd64". Default: the host's. */
  readonly platforms?: readonly string[];
  /** decant.yaml. Default: the one in the context, else in the working directory, if any. */
  readonly projectFile?: string;
  /** Patterns of images that are assembled from Debian packages instead of pulled: "gcr.io/distroless/*". They are added to the project file's. */
  readonly assemble?: readonly string[];
  /** Every base that is assembled must have a lock: beside its recipe, beside the Dockerfile, or in the context. Default false. */
  readonly locked?: boolean;
  /** "crun", "runc", or "auto". */
  readonly runtime?: "crun" | "runc" | "auto";
  /** Explain each executed step: which input changed since its last run. */
  readonly explain?: boolean;
  /** For outputs with dest "-". */
  readonly stdout?: (chunk: Uint8Array) => Promise<void>;
  /** Audits the image before anything is written or pushed, by the policy of the project file. Default: no audit. */
  readonly audit?: AuditMode;
  /** Gets the report of `audit`, also when the build fails because of it. */
  readonly onAudit?: (report: AuditReport) => void;
}

/** What an audit's findings do to a build: "warn" nothing; "error" lets errors fail it, "strict" warnings too. */
export type AuditMode = "warn" | "error" | "strict";

/** A secret and where it is: `value`, the file `src`, the variable `env`; with none of them the variable, else the file, named like `id`. */
export interface SecretSpec {
  readonly id: string;
  /** At most 500 KiB. */
  readonly src?: string;
  readonly env?: string;
  readonly value?: string | Uint8Array;
}

/** An SSH agent. Steps may list its keys and have something signed; they cannot add, remove or lock any. */
export interface SshSpec {
  /** What `--mount=type=ssh,id=` names; "default" without. */
  readonly id: string;
  /** Its socket, or files of private keys without passphrase. Default: the socket in SSH_AUTH_SOCK. */
  readonly paths?: readonly string[];
}

/** What `build` gives. */
export interface BuildResult {
  readonly buildId: string;
  readonly outputs: readonly ExportResult[];
  /** Of the first image output: the digest of its configuration file, the image ID. */
  readonly configDigest?: Digest;
  readonly manifestDigest?: Digest;
  /** Steps: how many ran, how many were reused. */
  readonly executed: number;
  readonly cached: number;
  /** With `audit`. */
  readonly audit?: AuditReport;
}

/** One line of `decant images`. */
export interface ImageSummary {
  readonly name: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly created?: string;
  /** Sum of the layer blobs as stored. */
  readonly sizeBytes: number;
}

/** What the demo and `decant inspect` show of an image. */
export interface ImageDetails {
  readonly name: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly manifest: unknown;
  readonly config: unknown;
  /** What is attached to it: "https://spdx.dev/Document", "https://slsa.dev/provenance/v1". */
  readonly attestations: readonly string[];
  readonly layers: readonly { readonly digest: Digest; readonly diffId: Digest; readonly sizeBytes: number; readonly createdBy?: string }[];
  readonly contents: {
    /** Sum of gzip-compressed layers; only with `sizes: true`. */
    readonly compressedBytes?: number;
    /** Sum of file sizes of the merged tree, each hard-linked file once. */
    readonly unpackedBytes: number;
    readonly files: number;
    readonly shells: readonly string[];
    readonly packageManagers: readonly string[];
  };
}

/** Options of `runImage`: as docker run, what is supported. */
export interface RunImageOptions extends StoreOptions {
  readonly image: string;
  /** Replaces Cmd. */
  readonly args?: readonly string[];
  readonly entrypoint?: string;
  readonly environment?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly network?: "host" | "none";
  readonly runtime?: "crun" | "runc" | "auto";
  readonly readOnly?: boolean;
  /** Where output goes: "inherit" (default) or callbacks. */
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
}

/** A running container. */
export interface RunningContainer extends AsyncDisposable {
  /** Sends a signal to its first process, e.g. "SIGTERM". */
  kill(signal: string): void;
  /** The exit code, 128 + n for a signal. */
  readonly exit: Promise<number>;
}
