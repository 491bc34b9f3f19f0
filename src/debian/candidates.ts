/**
 * What could meet a dependency: packages and providers in the order in which they are tried (Debian policy 7.1, 7.5; dpkg's rules of Multi-Arch).
 * Knows nothing of what was chosen. Pure.
 */
import { type BinaryPackage, comparePreference } from "./binary-package.ts";
import { parseRelations, type Relation } from "./control.ts";
import type { PackageIndex } from "./package-index.ts";
import { satisfiesVersion } from "./version.ts";

/** A package with its dependency fields read. */
export interface Candidate {
  readonly binary: BinaryPackage;
  /** Pre-Depends and Depends: one alternative of each is needed. */
  readonly needs: readonly (readonly Relation[])[];
  /** Conflicts and Breaks: none of them may be there. */
  readonly refuses: readonly Relation[];
  readonly provides: readonly Relation[];
}

/** Candidates for one architecture. */
export interface Candidates {
  /** Every version of a package, in the order in which they are tried: highest first, of releases that are used by themselves before others; of equal ones, that of the first source. */
  named(name: string): readonly Candidate[];
  /** What could meet a dependency, best first: alternatives from left to right, of each the package itself before those that provide it. */
  meeting(group: readonly Relation[]): readonly Candidate[];
}

/** Packages of any other architecture are not candidates: nothing here is about foreign ones. */
export function createCandidates(index: PackageIndex, architecture: string): Candidates {
  const versions = new Map<string, readonly Candidate[]>();
  const groups = new Map<readonly Relation[], readonly Candidate[]>();
  const named = (name: string): readonly Candidate[] => {
    const known = versions.get(name);
    if (known !== undefined) return known;
    const fitting = index.named(name).filter((one) => one.architecture === architecture || one.architecture === "all");
    const found = withoutTwins(fitting.toSorted(comparePreference)).map(readCandidate);
    versions.set(name, found);
    return found;
  };
  const providers = (name: string): readonly Candidate[] =>
    index
      .providing(name)
      .flatMap((one) => (one === name || named(one).length === 0 ? [] : [named(one)]))
      .toSorted(compareProviders)
      .flat();
  return {
    named,
    meeting(group) {
      const known = groups.get(group);
      if (known !== undefined) return known;
      const found = group.flatMap((relation) =>
        [...named(relation.name), ...providers(relation.name)].filter((one) => meets(one, relation, architecture)),
      );
      const unique = [...new Set(found)];
      groups.set(group, unique);
      return unique;
    },
  };
}

/** Reads the dependency fields of a package. Throws `DEBIAN_ARCHIVE`. */
export function readCandidate(binary: BinaryPackage): Candidate {
  const read = (text: string | undefined): Relation[][] =>
    text === undefined ? [] : parseRelations(text, `${binary.name} ${binary.version}`);
  return {
    binary,
    needs: [...read(binary.preDepends), ...read(binary.depends)],
    refuses: [...read(binary.conflicts), ...read(binary.breaks)].flat(),
    provides: read(binary.provides).flat(),
  };
}

/** Is it what one relation names, by its own name or by what it provides? Conflicts and Breaks go by the same rule. */
export function meets({ binary, provides }: Candidate, relation: Relation, architecture: string): boolean {
  const fits = fitsQualifier(binary, relation.qualifier, architecture);
  return (
    (fits && isNamed(binary, relation)) ||
    provides.some((provided) => isProvided(provided, relation) && (fits || provided.qualifier === relation.qualifier))
  );
}

function fitsQualifier(binary: BinaryPackage, qualifier: string | undefined, architecture: string): boolean {
  switch (qualifier) {
    case undefined:
    case "native":
      return true;
    case "any":
      return binary.multiArch === "allowed";
    default:
      return qualifier === architecture;
  }
}

function isNamed(binary: BinaryPackage, { name, version }: Relation): boolean {
  return binary.name === name && (version === undefined || satisfiesVersion(binary.version, version.operator, version.version));
}

/** Without a version of its own, what is provided meets only a dependency without one. */
function isProvided(provided: Relation, { name, version }: Relation): boolean {
  if (provided.name !== name) return false;
  if (version === undefined) return true;
  return provided.version?.operator === "=" && satisfiesVersion(provided.version.version, version.operator, version.version);
}

const PRIORITIES = ["required", "important", "standard", "optional", "extra"];

/** Which package is tried first of several that provide the same: what a Debian system has anyway, then what needs least itself, then by name. */
function compareProviders([one]: readonly Candidate[], [other]: readonly Candidate[]): number {
  if (one === undefined || other === undefined) return 0;
  const [a, b] = [one.binary, other.binary];
  return (
    Number(b.essential ?? false) - Number(a.essential ?? false) ||
    priorityOf(a) - priorityOf(b) ||
    one.needs.length - other.needs.length ||
    (a.name < b.name ? -1 : 1)
  );
}

function priorityOf(binary: BinaryPackage): number {
  const at = PRIORITIES.indexOf(binary.priority ?? "optional");
  return at < 0 ? PRIORITIES.length : at;
}

function withoutTwins(sorted: readonly BinaryPackage[]): BinaryPackage[] {
  const seen = new Set<string>();
  return sorted.filter(({ version }) => !seen.has(version) && seen.add(version));
}
