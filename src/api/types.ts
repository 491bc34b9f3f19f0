/** The public handles and results that are not of a build (decision 10). The command line uses nothing else. */
import type { ComparedBuilds, ExplainedStep } from "../build/index.ts";
import type { ContainerOptions } from "../containers/index.ts";
import type { StoreOptions } from "../context/index.ts";
import type { ByteStream } from "../bytes.ts";
import type { CompressionOptions, ImageFilters } from "../image/index.ts";
import type { Digest } from "../digest.ts";
import type { BuildEvent } from "../events.ts";
import type { LogLine } from "../failing-lines.ts";
import type { BuildRecord, GcPolicy } from "../store/index.ts";

/**
 * A running piece of work: iterate it for events (replayed from the first), await `result`. Iterating ends with the work and never throws what
 * `result` rejects with. Disposing cancels and waits for the clean-up.
 */
export interface Run<Result> extends AsyncIterable<BuildEvent>, AsyncDisposable {
  readonly result: Promise<Result>;
  cancel(reason?: unknown): void;
}

/** One line of `decant images`. */
export interface ImageSummary {
  /** Absent for an untagged image. */
  readonly name?: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  readonly created?: string;
  /** Sum of the files of its layers, unpacked. Absent where the bytes of a layer are not in the store. */
  readonly sizeBytes?: number;
}

/** Options of `listImages`: all that are given must hold. */
export interface ListImagesOptions extends StoreOptions, ImageFilters {
  /** Only images that were made before this one: a name, an ID, a digest, or a short form of these. */
  readonly before?: string | undefined;
  /** Only images that were made after this one. */
  readonly since?: string | undefined;
}

/** What the demo and `decant inspect` show of an image. */
export interface ImageDetails {
  /** As it was asked for. */
  readonly name: string;
  /** The name that was asked for, or all names of an ID or digest. */
  readonly names: readonly string[];
  readonly digest: Digest;
  readonly configDigest: Digest;
  readonly platform: string;
  /** The index that the name stands for; absent for an image alone. */
  readonly index?: ImageIndexDetails;
  /** As `ImageSummary` has it. */
  readonly sizeBytes?: number;
  readonly manifest: unknown;
  readonly config: unknown;
  /** What is attached to it: "https://spdx.dev/Document", "https://slsa.dev/provenance/v1". */
  readonly attestations: readonly string[];
  /** `sizeBytes`: of the blob, as it is stored. */
  readonly layers: readonly { readonly digest: Digest; readonly diffId: Digest; readonly sizeBytes: number; readonly createdBy?: string }[];
  /** Absent where only a registry has the layers. */
  readonly contents?: {
    /** Sum of gzip-compressed layers; only with `sizes: true`. */
    readonly compressedBytes?: number;
    /** Sum of file sizes of the merged tree, each hard-linked file once. */
    readonly unpackedBytes: number;
    readonly files: number;
    readonly shells: readonly string[];
    readonly packageManagers: readonly string[];
  };
}

/** An index with its images. */
export interface ImageIndexDetails {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `attestations`: the digests of manifests about an image. */
  readonly images: readonly {
    readonly digest: Digest;
    readonly platform?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly attestations: readonly Digest[];
  }[];
}

/** Options of `inspectImage`. */
export interface InspectImageOptions extends StoreOptions {
  /**
   * An image of the store: a name, an ID, a digest, or a short form of these. Or of elsewhere: "docker://NAME", "oci:PATH", "docker-archive:FILE".
   */
  readonly image: string;
  /** Of an index. Default: the host's. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** Compress layers as a push would, and tell their sum. Default false. */
  readonly sizes?: boolean | undefined;
}

/** Options of `removeImages`. */
export interface RemoveImagesOptions extends StoreOptions {
  /** Names, IDs, digests, or short forms of these. */
  readonly images: readonly string[];
  /** What is not there is no error; an ID takes all names of its image. Default false. */
  readonly force?: boolean | undefined;
}

/** Options of `pruneStore`. */
export interface PruneStoreOptions extends StoreOptions {
  /** The whole cache. Default false. */
  readonly all?: boolean | undefined;
  /** Cache, and images without a name, that were not used for so long. */
  readonly olderThanMs?: number | undefined;
  /** Also images without a name, however young they are. Default false. */
  readonly untagged?: boolean | undefined;
}

/** Options of `collectCache`. */
export interface CollectCacheOptions extends StoreOptions {
  /** Default: that of config.yaml in the store. What is given here wins over it. */
  readonly policy?: GcPolicy | undefined;
}

/** What a store holds. Bytes are those on the disk; what images and the cache share is of images. */
export interface StoreUsage {
  /** Images, with a name and without. */
  readonly images: number;
  /** Those that run. */
  readonly containers: number;
  readonly imageBytes: number;
  readonly cacheBytes: number;
  /** What only running processes hold. */
  readonly usedBytes: number;
}

/** Options of `pullImage`. */
export interface PullImageOptions extends StoreOptions {
  readonly image: string;
  /** Default: DOCKER_DEFAULT_PLATFORM, else the host's. */
  readonly platform?: string | undefined;
}

/** Options of `pushImage`. */
export interface PushImageOptions extends StoreOptions, Omit<CompressionOptions, "rewriteTimestamp"> {
  /** A name, an ID, a digest, or a short form of these. */
  readonly image: string;
  /** Default: `image`, where that is a name. */
  readonly name?: string | undefined;
  /** Only this platform of an index. Default: all. */
  readonly platform?: string | undefined;
}

/** Options of `tagImage`. */
export interface TagImageOptions extends StoreOptions {
  /** A name, an ID, a digest, or a short form of these. Or of elsewhere: "docker://NAME", "oci:PATH", "docker-archive:FILE". */
  readonly image: string;
  /** "app:1", "registry.example/team/app"; "docker://NAME": at the registry, without the layers coming here. */
  readonly names: readonly string[];
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of `saveImages`. */
export interface SaveImagesOptions extends StoreOptions {
  /**
   * Names, IDs, digests, or short forms of these; of elsewhere "docker://NAME", "oci:PATH", "docker-archive:FILE". A name without a tag stands for all
   * of its tags.
   */
  readonly images: readonly string[];
  /** Path of the archive; "-" gives it to `stdout`. */
  readonly dest: string;
  /** "docker": an OCI layout with docker's manifest.json. Default: "docker". */
  readonly format?: "docker" | "oci" | undefined;
  /** Only this platform of images for several. Default: all. */
  readonly platform?: string | undefined;
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
  /** Where a relative `dest` starts. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of `loadImages`. */
export interface LoadImagesOptions extends StoreOptions {
  /** An archive, plain or compressed, or a folder with an OCI layout; "-" reads `stdin`. */
  readonly file: string;
  readonly stdin?: ByteStream | undefined;
}

/** Options of `importImage`: as docker import. */
export interface ImportImageOptions extends StoreOptions {
  readonly name: string;
  /** A tar of a root file system, plain or compressed; "-" reads `stdin`. */
  readonly file: string;
  readonly stdin?: ByteStream | undefined;
  /** Dockerfile instructions that only change the configuration, e.g. `CMD ["sh"]`. */
  readonly changes?: readonly string[] | undefined;
  readonly message?: string | undefined;
  readonly platform?: string | undefined;
}

/** Options of `listBuilds`. */
export interface ListBuildsOptions extends StoreOptions {
  /** Default 50. */
  readonly limit?: number | undefined;
}

/** Options of `showBuild`. */
export interface ShowBuildOptions extends StoreOptions {
  /** An ID, or the beginning of one. Default: the newest build. */
  readonly build?: string | undefined;
  /** Reads the logs of its steps, too, which may be large. Default false. */
  readonly logs?: boolean | undefined;
}

/** Options of `removeBuilds`. */
export interface RemoveBuildsOptions extends StoreOptions {
  /** IDs, or beginnings of them. */
  readonly builds: readonly string[];
}

/** A build of the history. */
export interface PastBuild {
  readonly record: BuildRecord;
  /** What it told, without logs; `reduceProgress` folds it. */
  readonly events: readonly BuildEvent[];
  /** The whole output of steps, by `vertex`; empty without the option `logs`. */
  readonly logs: ReadonlyMap<string, string>;
  /** Of steps that failed, the lines of their logs that say why, by `vertex`. */
  readonly failures: ReadonlyMap<string, readonly LogLine[]>;
}

/** Options of `compareBuilds`: IDs or beginnings of them. */
export interface CompareBuildsOptions extends StoreOptions {
  readonly first: string;
  /** Default: the newest. */
  readonly second?: string | undefined;
}

/** Two builds side by side. */
export interface BuildComparison extends ComparedBuilds {
  readonly first: BuildRecord;
  readonly second: BuildRecord;
}

/** Options of `explainBuild`. */
export interface ExplainBuildOptions extends StoreOptions {
  /** Its ID or the beginning of one. Default: the newest. */
  readonly build?: string | undefined;
  /** An earlier build to compare with. Default: each step's nearest record at the time of the build. */
  readonly against?: string | undefined;
}

/** Why the steps of a build ran. */
export interface BuildExplanation {
  readonly record: BuildRecord;
  /** The build that was named to compare with. */
  readonly against?: BuildRecord;
  readonly steps: readonly ExplainedStep[];
}

/** Options of `runImage`: as docker run, what is supported. */
export interface RunImageOptions extends StoreOptions, ContainerOptions {
  /**
   * Merges a shell and tools over the image, which stays as it is: "busybox" for Debian's busybox-static, else an image of the store. What the image has is
   * not replaced, and without `entrypoint` the shell starts. Default: none.
   */
  readonly debugWith?: string | undefined;
  /** Where decant.yaml is looked for, which says how Debian's archive is reached. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of `stopContainers`. `stopSignal` and `timeoutMs` where not as they were told when they began. */
export interface StopContainersOptions extends StoreOptions {
  /** IDs, or beginnings of them. */
  readonly containers: readonly string[];
  readonly stopSignal?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Options of `removeContainers`. */
export interface RemoveContainersOptions extends StoreOptions {
  /** IDs, or beginnings of them. */
  readonly containers: readonly string[];
  /** One that runs ends at once, and one that is not there is no error. Default false. */
  readonly force?: boolean | undefined;
}

/** Options of `logout`. */
export interface LogoutOptions {
  /** "ghcr.io", "registry.example:5000/team". Default: Docker Hub. */
  readonly server?: string | undefined;
  /** Environment to read DOCKER_CONFIG, REGISTRY_AUTH_FILE … from. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `login`. */
export interface LoginOptions extends LogoutOptions {
  readonly username: string;
  readonly password: string;
}
