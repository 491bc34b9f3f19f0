/** What `Archive.resolve` is asked and what it answers. Values only. */
import type { BinaryPackage } from "./binary-package.ts";

/** Packages that are wanted with everything they need. */
export interface ResolveRequest {
  readonly names: readonly string[];
  /** As Debian names it: "amd64", "armhf". */
  readonly architecture: string;
  /** Names (also virtual ones) that count as being there in every version: dependencies on them are left unmet. Default none. */
  readonly ignore?: readonly string[] | undefined;
  /** Packages that are never taken. A need for one is an error, unless there is an alternative. Default none. */
  readonly exclude?: readonly string[] | undefined;
  /** Packages that are there already, in exactly these versions: they meet dependencies, and their own are not looked at. Default none. */
  readonly present?: readonly BinaryPackage[] | undefined;
}

/** Packages that fit together. JSON-safe but for the map. */
export interface Resolution {
  /** The wanted ones in the order of the request, then what they need by name. None that is `present`. */
  readonly packages: readonly BinaryPackage[];
  /** For each package of `packages`, the names from a wanted one to it, both included. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
}
