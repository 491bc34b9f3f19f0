/** Which version of each wanted package is taken when dependencies are not followed: the highest one of all sources. Pure. */
import { type BinaryPackage, comparePreference } from "./binary-package.ts";
import { missingError, unmetError } from "./errors.ts";
import { constraintsOf } from "./explain.ts";
import { nearNames } from "./near-name.ts";
import type { PackageIndex } from "./package-index.ts";
import type { VersionConstraints } from "./resolution.ts";
import { brokenConstraint, formatConstraint } from "./version.ts";

/**
 * The newest version of each name for `architecture` (or for "all") that `versions` allow, in the order of `names`. When two sources have the same
 * version, the first source's is taken. Throws `DEBIAN_DEPENDENCY` that lists every missing name.
 */
export function selectPackages(
  index: PackageIndex,
  names: readonly string[],
  { architecture, versions = {} }: { readonly architecture: string; readonly versions?: VersionConstraints | undefined },
): BinaryPackage[] {
  const found = names.map((name) => {
    const all = index.named(name).filter((one) => one.architecture === architecture || one.architecture === "all");
    return { name, all };
  });
  const missing = found.flatMap(({ name, all }) => (all.length === 0 ? [name] : []));
  if (missing.length > 0) throw missingError(missing, architecture, { near: nearNames(index, missing) });
  return found.map(({ name, all }) => {
    const constraints = constraintsOf(versions, name);
    const [best] = all.filter((one) => brokenConstraint(one.version, constraints) === undefined).toSorted(comparePreference);
    if (best !== undefined) return best;
    const had = [...new Set(all.map((one) => `${one.suite} has ${one.name} ${one.version}`))].join(", ");
    throw unmetError(name, `${constraints.map((one) => `${name} (${formatConstraint(one)})`).join(", ")}: ${had}`);
  });
}
