/** Options and results of `assembleBase`. */
import type { ArchiveSource, BinaryPackage, Signer } from "../debian/index.ts";
import type { Digest } from "../digest.ts";
import type { Emit } from "../events.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import type { Layer } from "../tree/index.ts";
import type { NpmPackage } from "./npm.ts";

/** Options of `assembleBase`. */
export interface AssembleOptions {
  readonly platform: Platform;
  /** "nonroot": what the recipe has under `variants`. Default: none. */
  readonly variant?: string;
  /** Default: deb.debian.org with updates and security of the recipe's suite. */
  readonly sources?: readonly ArchiveSource[];
  /** Keyring file. Default: the one of debian-archive-keyring. */
  readonly keyring?: string;
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
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch;
  readonly emit?: Emit;
  /** The vertex that events are told under. Default: "distroless " and the recipe's name. */
  readonly vertex?: string;
  readonly signal?: AbortSignal;
}

/** A base that is in the store. */
export interface AssembledBase {
  readonly config: ImageConfig;
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
  readonly releases: readonly {
    readonly uri: string;
    readonly suite: string;
    /** Of the InRelease file. */
    readonly digest: Digest;
    readonly date: string;
    readonly validUntil: string | undefined;
    readonly signers: readonly Signer[];
  }[];
  /** With `signature: "absent"` only the integrity was checked: the registry gives no signatures. */
  readonly node: readonly NpmPackage[];
  readonly layers: readonly { readonly id: Digest; readonly diffId: Digest; readonly createdBy: string }[];
}
