/** What `Archive.resolve` is asked and what it answers. Values only. */
import type { BinaryPackage } from "./binary-package.ts";
import type { VersionConstraint } from "./control.ts";

/** Dependencies that are left unmet: of every package, by a name (also a virtual one), or only those of one package. */
export type Ignored = string | { readonly package: string; readonly needs: readonly string[] };

/** By package: what its version must satisfy, all of it. */
export type VersionConstraints = Readonly<Record<string, readonly VersionConstraint[]>>;

/** Packages that are wanted with everything they need. */
export interface ResolveRequest {
  readonly names: readonly string[];
  /** As Debian names it: "amd64", "armhf". */
  readonly architecture: string;
  /** Default none. */
  readonly ignore?: readonly Ignored[] | undefined;
  /** Packages that are never taken. A need for one is an error, unless there is an alternative. Default none. */
  readonly exclude?: readonly string[] | undefined;
  /** Packages that are there already, in exactly these versions: they meet dependencies, and what they need themselves is met, too. Default none. */
  readonly present?: readonly BinaryPackage[] | undefined;
  /** Other versions are never taken, whoever needs the package. Default: any version. */
  readonly versions?: VersionConstraints | undefined;
}

/** Packages that fit together. JSON-safe but for the map. */
export interface Resolution {
  /** The wanted ones in the order of the request, then what they need by name. None that is `present`. */
  readonly packages: readonly BinaryPackage[];
  /** For each package of `packages`, the names from a wanted or present one to it, both included. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
}
