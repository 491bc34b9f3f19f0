/** Which version of each wanted package is taken when dependencies are not followed: the highest one of all sources. Pure. */
import { type BinaryPackage, comparePreference } from "./binary-package.ts";
import { dependencyError } from "./errors.ts";
import type { PackageIndex } from "./package-index.ts";

/**
 * The newest version of each name for `architecture` (or for "all"), in the order of `names`. When two sources have the same version, the
 * first source's is taken. Throws `DEBIAN_DEPENDENCY` that lists every missing name.
 */
export function selectPackages(index: PackageIndex, names: readonly string[], architecture: string): BinaryPackage[] {
  const selected: BinaryPackage[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const best = newest(index.named(name).filter((one) => one.architecture === architecture || one.architecture === "all"));
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
    if (best === undefined || comparePreference(candidate, best) < 0) best = candidate;
  }
  return best;
}
