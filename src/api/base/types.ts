/** Options and results of the calls on distroless bases. */
import type { StoreOptions } from "../../context/index.ts";
import type { Digest } from "../../digest.ts";
import type { LockedPackage, LockedRelease, PackageChangelog, ScriptEffect, SupportPeriod } from "../../distroless/index.ts";
import type { ExportResult, OutputSpec } from "../../image/index.ts";
import type { DebianOptions } from "../../project/index.ts";

/** Options of every call on a base. */
export interface BaseOptions extends StoreOptions, DebianOptions {
  /** "nodejs22-debian13", "nodejs22-debian13:nonroot", "./my-base.yaml", "./my-base.yaml:debug". */
  readonly base: string;
  /** Default: beside the recipe's file, or for the catalogue in `cwd`, "<recipe>.lock.json". */
  readonly lockFile?: string | undefined;
  /** Folder that relative paths start from. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of calls that use a lock where there is one. */
export interface LockedBaseOptions extends BaseOptions {
  /** Fail when there is no lock. Default false: then the newest packages are taken. */
  readonly locked?: boolean | undefined;
  /** How many packages are fetched and unpacked at a time. Default 4. */
  readonly jobs?: number | undefined;
}

/** Options of `buildBase`. */
export interface BuildBaseOptions extends LockedBaseOptions {
  /** E.g. "linux/arm64"; several make an index. Default: the host's. */
  readonly platforms?: readonly string[] | undefined;
  /** Default: the recipe's name, with the variant as tag. */
  readonly tags?: readonly string[] | undefined;
  /** Default: the image store. */
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** Attach provenance: the packages, and the recipe and lock that make the base once more. Default false. */
  readonly provenance?: boolean | undefined;
  /** For outputs with dest "-". */
  readonly stdout?: ((chunk: Uint8Array) => Promise<void>) | undefined;
}

/** Options of `showBase`. */
export interface ShowBaseOptions extends LockedBaseOptions {
  /** E.g. "linux/arm64". Default: the host's. */
  readonly platform?: string | undefined;
  /** Tell what the packages' scripts would do. Default false. */
  readonly scripts?: boolean | undefined;
}

/** What `buildBase` gives. */
export interface BuildBaseResult {
  readonly outputs: readonly ExportResult[];
  /** Of the first image output; absent for several platforms. */
  readonly configDigest?: Digest;
  /** Of the first image output: of its manifest, or of the index of several platforms. */
  readonly manifestDigest?: Digest;
  /** One for each platform. */
  readonly bases: readonly BaseDetails[];
}

/** A layer of a base. */
export interface BaseLayer {
  readonly diffId: Digest;
  readonly createdBy: string;
  /** Of its files. */
  readonly unpackedBytes: number;
  readonly files: number;
}

/** Everything about a base for one platform. JSON-safe. */
export interface BaseDetails {
  readonly recipe: string;
  readonly variant?: string;
  readonly description?: string;
  readonly suite: string;
  readonly platform: string;
  /** The lock that was used. */
  readonly lockFile?: string;
  /** Nothing had to be made. */
  readonly cached: boolean;
  readonly packages: readonly LockedPackage[];
  readonly node?: { readonly name: string; readonly version: string; readonly integrity: string; readonly signature: string };
  readonly releases: readonly LockedRelease[];
  readonly layers: readonly BaseLayer[];
  readonly config: unknown;
  readonly annotations: Readonly<Record<string, string>>;
  /** How long what is in it gets security updates. */
  readonly support: readonly SupportPeriod[];
  /** What the maintainer scripts of the packages would have done: with `scripts`. */
  readonly scripts?: readonly ScriptEffect[];
}

/** What `lockBase` and `updateBase` give. */
export interface LockBaseResult {
  readonly file: string;
  /** Whether the file was written: not when it would be the same. */
  readonly written: boolean;
  /** By OCI architecture, against what was locked before; without a lock before, everything is added. */
  readonly changes: Readonly<Record<string, BaseDifference>>;
  /** The new entries of each package's changelog: with `changelogs`. */
  readonly changelogs?: readonly PackageChangelog[];
}

/** A package on one side, or on both with different versions. */
export interface PackageChange {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  /** Of the .deb, in bytes, where both are known. */
  readonly sizeChange?: number;
}

/** What differs between two bases. */
export interface BaseDifference {
  /** Sorted by name. Node.js counts as a package. */
  readonly packages: readonly PackageChange[];
  /** Settings of the configuration, as JSON. */
  readonly config: readonly { readonly name: string; readonly before?: string; readonly after?: string }[];
}

/** What `verifyBase` gives. */
export interface VerifyBaseResult {
  readonly recipe: string;
  readonly platform: string;
  /** "image": an image of that name; "store": what was assembled here before. */
  readonly comparedWith: string;
  readonly same: boolean;
  /** In words: "layer 3, /usr/bin/x: mode 0644, wanted 0755". */
  readonly firstDifference?: string;
}

/** A line of `listBases`. */
export interface BaseSummary {
  readonly name: string;
  readonly description?: string;
  readonly suite: string;
  readonly architectures: readonly string[];
  readonly variants: readonly string[];
  /** What of it is first without security updates. */
  readonly support?: SupportPeriod;
}
