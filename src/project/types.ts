/** Where base images come from, and what comes of them. */
import type { Material } from "../engine/index.ts";
import type { Lock } from "../distroless/index.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { FilePlace } from "../sys/index.ts";
import type { LayerSource } from "../tree/index.ts";

/** What decides which images stand for others. */
export interface ProjectOptions {
  /** decant.yaml. Default: the one in the context, else in the working directory, if any. */
  readonly projectFile?: string | undefined;
  /** Patterns of images that are assembled from Debian packages instead of pulled: "gcr.io/distroless/*". They are added to the project file's. */
  readonly assemble?: readonly string[] | undefined;
  /**
   * Base images, URLs and git references are what `decant.lock` beside the Dockerfile says, and must be in it unless the Dockerfile pins them. Every base
   * that is assembled must have a lock: beside its recipe, beside the Dockerfile, or in the context. Default false.
   */
  readonly locked?: boolean | undefined;
  /**
   * File with rules about sources, in BuildKit's JSON form. Default: EXPERIMENTAL_BUILDKIT_SOURCE_POLICY of the environment; "" is none.
   */
  readonly sourcePolicy?: string | undefined;
  /** When registries are asked for base images. True is "always". Default, or false: names that the store has count, and its tags of registries are asked for again. */
  readonly pull?: PullPolicy | boolean | undefined;
}

/**
 * When registries are asked for base images: "always"; "missing": only for what the store does not have, by name or from an earlier build; "never":
 * what the store does not have is an error.
 */
export type PullPolicy = "always" | "missing" | "never";

/** How Debian's archive is reached. */
export interface DebianOptions {
  /** Instead of http://deb.debian.org/debian. */
  readonly mirror?: string | undefined;
  /** Instead of http://deb.debian.org/debian-security. */
  readonly securityMirror?: string | undefined;
  /** "20260601T000000Z": the archive as it was then, from snapshot.debian.org or, below its timestamp, from the mirrors. */
  readonly snapshot?: string | undefined;
  /** File with the keys that releases must be signed with. Default: the one of the package debian-archive-keyring. */
  readonly keyring?: string | undefined;
  /** Use only what the store has. Default false. */
  readonly offline?: boolean | undefined;
  /** Accept releases past their Valid-Until. Default false. */
  readonly acceptExpired?: boolean | undefined;
}

/** The same as a project file says it. */
export interface DebianSettings extends Omit<DebianOptions, "keyring"> {
  readonly keyring?: string | FilePlace | undefined;
}

/** A base for the build. */
export interface StandIn {
  readonly identifier: string;
  readonly config: ImageConfig;
  readonly layers: readonly LayerSource[];
  /** Its packages. */
  readonly materials: readonly Material[];
  /** What makes it once more. */
  readonly lock: Lock;
}

/** Where an image of a build was taken from, where its name does not say it. */
export interface TakenImage {
  /** As it is written. */
  readonly name: string;
  readonly platform: Platform;
  /** The name that was taken: "distroless:RECIPE[:VARIANT]", or a reference. */
  readonly as: string;
  /** Of a base that was assembled. */
  readonly lock?: Lock;
}

/** What the recipe of a base says. */
export interface DescribedBase {
  /** Without layers. */
  readonly config: ImageConfig;
  readonly hasShell: boolean;
}
