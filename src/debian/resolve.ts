/** Which version of each wanted package is taken: the highest one of all sources. Dependencies are not followed. Pure. */
import type { Digest } from "../digest.ts";
import { dependencyError } from "./errors.ts";
import { compareVersions } from "./version.ts";

/** A package as an index of the archive lists it, with where it is. JSON-safe. */
export interface BinaryPackage {
  readonly name: string;
  readonly version: string;
  /** As Debian names it ("amd64", "armhf") or "all". */
  readonly architecture: string;
  /** The source package that it was built from, without version. */
  readonly source: string;
  /** Below `uri`. */
  readonly filename: string;
  /** Of the .deb, in bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** The mirror and suite whose index lists it. */
  readonly uri: string;
  readonly suite: string;
}

/** Every version of the packages that were looked for, by name. */
export type PackageIndex = ReadonlyMap<string, readonly BinaryPackage[]>;

/**
 * The newest version of each name for `architecture` (or for "all"), in the order of `names`. When two sources have the same version, the
 * first source's is taken. Throws `DEBIAN_DEPENDENCY` that lists every missing name.
 */
export function selectPackages(index: PackageIndex, names: readonly string[], architecture: string): BinaryPackage[] {
  const selected: BinaryPackage[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const best = newest((index.get(name) ?? []).filter((one) => one.architecture === architecture || one.architecture === "all"));
    if (best === undefined) missing.push(name);
    else selected.push(best);
  }
  if (missing.length > 0)
    throw dependencyError(missing, `the indexes have no such package for ${architecture}`, {
      hint: "Check the spelling, the suite and its components",
      details: { missing, architecture },
    });
  return selected;
}

function newest(candidates: readonly BinaryPackage[]): BinaryPackage | undefined {
  let best: BinaryPackage | undefined;
  for (const candidate of candidates) {
    if (best === undefined || compareVersions(candidate.version, best.version) > 0) best = candidate;
  }
  return best;
}
