/** What a build gives to the exporters, and what they give back. */
import type { Digest } from "../digest.ts";
import type { Emit } from "../events.ts";
import type { Followed } from "../followed.ts";
import type { Daemon, LoadTarget } from "../daemon/index.ts";
import type { ContainerConfig, Descriptor, HistoryEntry, ImageConfig, Platform } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import type { Store } from "../store/index.ts";
import type { GzipEncoder, LayerSource } from "../tree/index.ts";
import type { AnnotationSpec, ImageAnnotations } from "./annotations.ts";

/** One platform's finished build: everything but the diffIds is decided. */
export interface BuiltImage {
  /** Of its files, as the configuration says it. */
  readonly platform: Platform;
  /** The one that was asked for, by which an index and folders of files name it. Default: `platform`; another one where the last stage names its own. */
  readonly requested?: Platform;
  /** The base's configuration file with its unknown fields (rule S62), absent for scratch. */
  readonly base?: ImageConfig;
  readonly config: ContainerConfig;
  readonly author?: string;
  /** The whole history, the base's entries first; as many non-empty entries as `layers`. */
  readonly history: readonly HistoryEntry[];
  readonly layers: readonly LayerSource[];
  /** RFC 3339: of the newest layer, or SOURCE_DATE_EPOCH where the build has one. Absent without layers and epoch: nothing was made. */
  readonly created?: string;
  /** SOURCE_DATE_EPOCH of the build, or of the output. */
  readonly epochSec?: number;
  /** The times of the build's own layers were set to `epochSec` (rewrite-timestamp), which their descriptors say. */
  readonly areTimesRewritten?: boolean;
  readonly annotations?: ImageAnnotations;
  /** In an index, also without anything said of it (BUILDKIT_MULTI_PLATFORM); outputs of files have a folder for its platform. */
  readonly inIndex?: boolean;
  /** What the build found, as JSON: a cache in the image's own configuration. Not that of the base. */
  readonly inlineCache?: object;
  /** What the build says of the image; kept beside it in an index. */
  readonly attestations?: readonly Attestation[];
}

/** Something said of an image (in-toto): made when an output needs it. */
export interface Attestation {
  /** "https://spdx.dev/Document" */
  readonly predicateType: string;
  /** Only for images, and for archives that are indexes anyway. Default false. */
  readonly inlineOnly?: boolean;
  /** Its name as a file, for outputs that are files: "sbom.spdx.json". */
  readonly fileName: string;
  /** For JSON.stringify. `layers`: those of the image as this output has them; none for outputs that are files. `output`: the one that it is for. */
  readonly predicate: (layers: readonly Descriptor[], output?: OutputSpec) => Promise<unknown>;
}

/** How layers are stored in an export. Defaults as docker buildx: gzip. */
export interface CompressionOptions {
  /** "estargz": gzip whose files a snapshotter can fetch one by one; with OCI media types only. */
  readonly compression?: "uncompressed" | "gzip" | "estargz" | "zstd" | undefined;
  readonly level?: number | undefined;
  /** What deflates gzip. Default: ISA-L where the host has it and the level allows it, else zlib; zlib for images of builds with SOURCE_DATE_EPOCH. */
  readonly encoder?: GzipEncoder | undefined;
  /** Also recompresses layers that the base already has compressed. */
  readonly force?: boolean | undefined;
  /** Sets times of the build's own layers that are younger than SOURCE_DATE_EPOCH to it; without one it changes nothing. */
  readonly rewriteTimestamp?: boolean | undefined;
}

/** Of outputs that have times. */
export interface TimeOptions {
  /** SOURCE_DATE_EPOCH of this output alone, in seconds; "none" for times as they are. Default: that of the build. */
  readonly sourceDateEpoch?: number | "none" | undefined;
}

/** Of outputs that are images. */
export interface ImageOptions extends CompressionOptions, TimeOptions {
  /** Besides those of the build, which win. */
  readonly annotations?: readonly AnnotationSpec[] | undefined;
  /** OCI media types, not Docker's. Default: true; in a build that follows older exporters only for type=oci, and with attestations. */
  readonly ociMediaTypes?: boolean | undefined;
  /**
   * Attestations as OCI artifacts whose subject is the image, instead of as images of an unknown platform. Default: true with OCI media types; false
   * in a build that follows older exporters.
   */
  readonly ociArtifact?: boolean | undefined;
  /** False: without attestations, as for a registry or a consumer that cannot take them. Default true. */
  readonly attestations?: boolean | undefined;
  /** Attach also what is `inlineOnly`. Default: true for type=image and type=registry; archives have it in an index that is there anyway. */
  readonly attestationInline?: boolean | undefined;
  /** The image ID is the digest of the manifest, not of the configuration. Default false. */
  readonly preferImageDigest?: boolean | undefined;
}

/** Of outputs that are files. */
export interface FileOptions extends TimeOptions {
  /** The files in a folder "linux_amd64". Default: only in a build that is in an index. */
  readonly platformSplit?: boolean | undefined;
  /** False: without files of attestations. Default true. */
  readonly attestations?: boolean | undefined;
  /** What the names of files with attestations begin with. */
  readonly attestationPrefix?: string | undefined;
}

/** An image for Docker: an archive, or into a running daemon. */
export interface DockerOutput extends ImageOptions {
  readonly type: "docker";
  readonly names: readonly string[];
  /** Where the archive goes. Absent: into the daemon that `into` finds, with only the layers that it lacks; without a daemon, into the store. */
  readonly dest?: string | undefined;
  /** False: a directory, not a tar. Default true. */
  readonly tar?: boolean | undefined;
  /** Without `dest`. Default: DECANT_LOAD of the environment, else "auto". */
  readonly into?: LoadTarget | undefined;
  /** Without `dest`: a docker context, whose daemon is demanded. */
  readonly context?: string | undefined;
}

/** Of outputs that go to registries. */
export interface RegistryOptions {
  /** Push under the digest alone, without a tag: then names may have none. Default false. */
  readonly pushByDigest?: boolean | undefined;
  /** These registries may speak plain HTTP, and have certificates that are not valid. Default: those that registries.conf calls so. */
  readonly insecure?: boolean | undefined;
}

/** Of type "image". */
export interface KeepOptions extends RegistryOptions {
  /** False: only push it. Default true. */
  readonly store?: boolean | undefined;
  /** An image without a name is told as PREFIX@digest. Default: without a name. */
  readonly danglingNamePrefix?: string | undefined;
}

/** Of type "local". */
export interface LocalOptions extends FileOptions {
  /** "delete": the folder holds what was built, and nothing else. It replaces the old one at once, or not at all. Default "copy": into what is there. */
  readonly mode?: "copy" | "delete" | undefined;
}

/** Where a build goes. `dest` "-" means stdout, given by the caller as `stdout`. */
export type OutputSpec =
  | ({
      readonly type: "image";
      readonly names: readonly string[];
      readonly push: boolean;
    } & ImageOptions &
      KeepOptions)
  | ({ readonly type: "oci"; readonly dest: string; readonly tar: boolean; readonly names: readonly string[] } & ImageOptions)
  | DockerOutput
  | ({ readonly type: "local"; readonly dest: string } & LocalOptions)
  | ({ readonly type: "tar"; readonly dest: string } & FileOptions)
  | ({ readonly type: "registry"; readonly names: readonly string[] } & ImageOptions & RegistryOptions)
  | { readonly type: "cacheonly" };

/** What work on images needs from its caller. */
export interface ImageContext {
  readonly store: Store;
  /** `insecure`: one for which every registry that is written to counts as insecure. */
  readonly registry: (options?: { readonly insecure?: boolean | undefined }) => Promise<RegistryClient>;
  readonly emit: Emit;
  /** The vertex id that transfers belong to. */
  readonly vertex: string;
  readonly signal: AbortSignal;
}

/** What exporters need from their caller. */
export interface ExportContext extends ImageContext {
  /** The versions whose defaults hold. Default: the newest. */
  readonly followed?: Followed | undefined;
  /** For `dest: "-"`. */
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
  /** Where daemons are looked for. Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where an output of type "docker" without `dest` goes, when the caller has looked for it already. */
  readonly loadPlace?: LoadPlace | undefined;
  /** Where relative destinations start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Where `--load` goes: a daemon, or the store. */
export interface LoadPlace {
  readonly daemon?: Daemon;
  /** What progress calls it. */
  readonly title: string;
}

/** What was written. */
export interface ExportResult {
  readonly output: OutputSpec;
  /** The manifest's or index's descriptor; absent for local, tar and cacheonly. */
  readonly descriptor?: Descriptor;
  /** The configuration file's digest. Absent as above, for an index, and with `preferImageDigest`: as BuildKit tells it. */
  readonly configDigest?: Digest;
  /** What people know the image by: `configDigest`, else the digest of the descriptor. */
  readonly imageId?: Digest;
  readonly names: readonly string[];
  /** The daemon that has the image now: "Docker (unix:///var/run/docker.sock)". */
  readonly daemon?: string;
  /** Absolute path, where a file or directory was written. */
  readonly path?: string;
}
