/** The options and the result of a build (decision 10). */
import type { AuditReport } from "../audit/index.ts";
import type { CacheSource, CacheTarget } from "../caches/index.ts";
import type { ContextOptions } from "../context/index.ts";
import type { Digest } from "../digest.ts";
import type { CompatibilityVersion } from "../followed.ts";
import type { FailedStep, SandboxResources } from "../engine/index.ts";
import type { StepOptions } from "../graph/index.ts";
import type { AnnotationSpec, ExportResult, OutputSpec } from "../image/index.ts";
import type { ProjectOptions } from "../project/index.ts";
import type { Builders } from "./remote-types.ts";
import type { AttestationOptions } from "./attestation-types.ts";

/** Options of `build`. Names and meanings as in docker buildx build. */
export interface BuildOptions extends ContextOptions, ProjectOptions, StepOptions, AttestationOptions {
  /** Image names for the store, the docker and oci exporters, and for pushing. */
  /** `STAGE=NAME` names the image of one target, and `{target}` in a name stands for the target. */
  readonly tags?: readonly string[] | undefined;
  readonly target?: string | undefined;
  /** Several stages as an image each, in one run. Folders of outputs have one for each target; other destinations need `{target}`. */
  readonly targets?: readonly string[] | undefined;
  /** The same for every stage with a name. Default false. */
  readonly allTargets?: boolean | undefined;
  /** Stages that must succeed, too, such as tests; nothing is made of them. */
  readonly also?: readonly string[] | undefined;
  /** Annotations of every output that is an image; they win over those of the output itself. */
  readonly annotations?: readonly AnnotationSpec[] | undefined;
  /** Annotates the image with what the build knows: base, commit of a git context, time. Those of `annotations` win. Default false. */
  readonly autoAnnotations?: boolean | undefined;
  /** Default: the image store; without a tag the image has an ID only, and goes with the cache. */
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** The cgroup above those of RUN steps: a path, or a slice of systemd. Default: steps have none of their own, but with `resources` below "decant". */
  readonly cgroupParent?: string | undefined;
  /** What each RUN step may use. Not part of cache keys. */
  readonly resources?: SandboxResources | undefined;
  /** Folders of CDI specifications, the last one wins. Default: /etc/cdi, /var/run/cdi, /etc/buildkit/cdi. */
  readonly cdiSpecDirs?: readonly string[] | undefined;
  /** Host certificates for RUN steps: "auto" (default: where the environment names a bundle), "off", or the path of a PEM bundle. */
  readonly caCerts?: string | undefined;
  /** E.g. "linux/amd64"; several make an index. Default: the host's. */
  readonly platforms?: readonly string[] | undefined;
  /** BuildKit's `compatibility-version`: 10, 20 or 30 (default), the defaults of older exporters. Also the build argument of that name. */
  readonly compatibilityVersion?: CompatibilityVersion | undefined;
  /** Tell in the result how each platform was built, for a metadata file: as buildx with BUILDX_METADATA_PROVENANCE. Default: not. */
  readonly metadataProvenance?: "min" | "max" | undefined;
  /** "crun", "runc", or "auto". */
  readonly runtime?: "crun" | "runc" | "auto" | undefined;
  /** Explain each executed step: which input changed since its last run. */
  readonly explain?: boolean | undefined;
  /** Where steps run, if not here: see `Builders`. Default: here. */
  readonly builders?: Builders | undefined;
  /** Results of other machines that the build may use, besides those of its own store. */
  readonly cacheFrom?: readonly CacheSource[] | undefined;
  /** Where the build leaves its results for other machines, when it has succeeded. */
  readonly cacheTo?: readonly CacheTarget[] | undefined;
  /** Paths of the image, with all below them, that may hold secrets of the build. Default: none; a secret found elsewhere fails the build. */
  readonly allowSecretIn?: readonly string[] | undefined;
  /** Builds all steps a second time, in other conditions, before anything is written, and fails where the two differ. Default false. */
  readonly verifyReproducible?: boolean | undefined;
  /** Fails where a step would have to run, with the input that changed. Default false. */
  readonly expectCached?: boolean | undefined;
  /** How often a RUN step is run anew that has failed or took too long, each time from clean files. Default 0. */
  readonly retries?: number | undefined;
  /** How long a RUN step may take, each time that it is run, in milliseconds. Default: any time. */
  readonly stepTimeoutMs?: number | undefined;
  /** Fails with `BUDGET`, before anything is written, where the files of a platform's image have more bytes. Default: no limit. */
  readonly budgetBytes?: number | undefined;
  /** For outputs with dest "-". */
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
  /** Writes a page that shows the build and its image to this file, also when the build fails after it began. See `reportOf`. */
  readonly report?: string | undefined;
  /** Audits the image before anything is written or pushed, by the policy of the project file. Default: no audit. */
  readonly audit?: AuditMode | undefined;
  /** Is told of a RUN that failed, and may look at its state; the build goes on to fail when it resolves. */
  readonly onStepFailed?: ((failed: FailedStep) => Promise<void>) | undefined;
  /** Gets the report of `audit` of each platform, also when the build fails because of it. */
  readonly onAudit?: ((report: AuditReport, about: AuditedBuild) => void) | undefined;
}

/** What `onAudit` tells with a report. */
export interface AuditedBuild {
  /** The stage, in a build of several targets. */
  readonly target?: string | undefined;
}

/** What an audit's findings do to a build: "warn" nothing; "error" lets errors fail it, "strict" warnings too. */
export type AuditMode = "warn" | "error" | "strict";

/** What became of one target. */
export interface TargetResult {
  readonly outputs: readonly ExportResult[];
  /** Of the first output that is an image, as docker buildx has it: `configDigest`, or for an index (with attestations) `manifestDigest`. */
  readonly imageId?: Digest;
  /** Of that output: the digest of its configuration file. Absent for an index. */
  readonly configDigest?: Digest;
  /** Of that output: the digest of its manifest, or of its index. */
  readonly manifestDigest?: Digest;
  /** With `metadataProvenance`: SLSA provenance v0.2 of each platform, in their order. Build arguments are in it. */
  readonly provenances?: readonly { readonly platform: string; readonly predicate: Readonly<Record<string, unknown>> }[];
  /** With `audit`: a report for each platform, in their order. */
  readonly audits?: readonly AuditReport[];
}

/** What `build` gives. Of a build of several targets, the outputs and audits of all; digests of the first; and each by itself in `targets`. */
export interface BuildResult extends TargetResult {
  readonly buildId: string;
  /** Steps: how many ran, how many were reused. */
  readonly executed: number;
  readonly cached: number;
  /** With `targets` or `allTargets`: each by its name, in the order of the options or of the Dockerfile. */
  readonly targets?: readonly NamedTargetResult[];
}

/** What became of one of several targets. */
export interface NamedTargetResult extends TargetResult {
  readonly target: string;
}
