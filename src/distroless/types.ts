/** Options and results of `assembleBase`. */
import type { ArchiveSource, BinaryPackage, Mirrors } from "../debian/index.ts";
import type { Digest } from "../digest.ts";
import type { Emit } from "../events.ts";
import type { Network } from "../net/index.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { FilePlace } from "../sys/index.ts";
import type { Layer } from "../tree/index.ts";
import type { Lock, LockedPackage, LockedRelease } from "./lock.ts";
import type { NpmPackage } from "./npm.ts";

/** How packages are reached and judged. */
export interface ArchiveAccess {
  /** Other addresses of the recipe's suite, or a snapshot of it. */
  readonly mirrors?: Mirrors;
  /** Instead of the recipe's suite with its updates and security. */
  readonly sources?: readonly ArchiveSource[];
  /** Keyring file. Default: the one of debian-archive-keyring. */
  readonly keyring?: string | FilePlace;
  /** Use only what the store has. Default false. */
  readonly offline?: boolean;
  /** Accept releases past their Valid-Until. Default false. */
  readonly acceptExpired?: boolean;
  /** Release files that were fetched less than this many milliseconds ago are not asked for again. Default 15 minutes. */
  readonly maxAgeMs?: number;
  /** Default: npm's own setting, else https://registry.npmjs.org. */
  readonly npmRegistry?: string;
  /** For npm's setting. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the clock. */
  readonly now?: () => Date;
  /** What requests go by, borrowed. Default: one of its own. */
  readonly network?: Network;
  readonly emit?: Emit;
  /** The vertex that events belong to. Default: "distroless " and the recipe's name. */
  readonly vertex?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `assembleBase`. */
export interface AssembleOptions extends ArchiveAccess {
  readonly platform: Platform;
  /** "nonroot": what the recipe has under `variants`. Default: none. */
  readonly variant?: string | undefined;
  /** Take exactly its packages; no release is looked at. */
  readonly lock?: { readonly file: string; readonly lock: Lock } | undefined;
  /** How many packages are fetched and unpacked at a time. Default 4. The bytes do not depend on it. */
  readonly jobs?: number | undefined;
}

/** A base that is in the store. */
export interface AssembledBase {
  readonly config: ImageConfig;
  readonly annotations: Readonly<Record<string, string>>;
  /** Bottom first; as many as `config.history` has entries. */
  readonly layers: readonly Layer[];
  readonly packages: readonly BinaryPackage[];
  readonly report: AssemblyReport;
}

/** Where a base comes from, and what was checked. JSON-safe. */
export interface AssemblyReport {
  readonly recipe: string;
  readonly variant: string | undefined;
  /** Nothing was done but to look at the releases. */
  readonly cached: boolean;
  /** That its packages are those of a lock. */
  readonly locked: boolean;
  /** With a lock: those that were looked at when it was made. */
  readonly releases: readonly LockedRelease[];
  readonly packages: readonly LockedPackage[];
  /** With `signature: "absent"` only the integrity was checked: the registry gives no signatures. */
  readonly node: readonly NpmPackage[];
  readonly layers: readonly { readonly id: Digest; readonly diffId: Digest; readonly createdBy: string }[];
}
