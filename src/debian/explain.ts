/** Says in words why a dependency cannot be met. Pure. */
import type { BinaryPackage } from "./binary-package.ts";
import type { Candidate, Candidates } from "./candidates.ts";
import type { Choice, Chosen } from "./chosen.ts";
import type { Relation } from "./control.ts";
import type { VersionConstraints } from "./resolution.ts";
import { brokenConstraint, formatConstraint } from "./version.ts";

/** The names from the wanted package to this one, both included; none for undefined. */
export function chainOf(choice: Choice | undefined): string[] {
  const names: string[] = [];
  for (let one = choice; one !== undefined; one = one.parent) names.push(one.candidate.binary.name);
  return names.toReversed();
}

/** "libfoo1:any (>= 2)", as written in a control file. */
export function formatRelation({ name, qualifier, version }: Relation): string {
  const versionText = version === undefined ? "" : ` (${formatConstraint(version)})`;
  return `${name}${qualifier === undefined ? "" : `:${qualifier}`}${versionText}`;
}

/** What is there to be chosen from, and what was chosen. */
interface Situation {
  readonly candidates: Candidates;
  readonly chosen: Chosen;
  readonly excluded: ReadonlySet<string>;
  readonly versions: VersionConstraints;
}

/**
 * "libfoo1 (>= 2) | foo: bookworm has libfoo1 1.4; foo is in no source", with the chain of who needs it in front. `meeting` are the packages
 * that would do, if nothing spoke against each of them.
 */
export function explainNeed(
  parent: Choice | undefined,
  group: readonly Relation[],
  meeting: readonly Candidate[],
  situation: Situation,
): string {
  const chain = [...chainOf(parent), group.map(formatRelation).join(" | ")].join(" → ");
  const againstEach = meeting.map((candidate) => against(candidate, situation));
  const why = againstEach.length > 0 ? againstEach : group.map((relation) => whyNothing(relation, situation));
  return `${chain}: ${[...new Set(why)].join("; ")}`;
}

function against(candidate: Candidate, { chosen, excluded, versions }: Situation): string {
  const { binary } = candidate;
  if (excluded.has(binary.name)) return `${binary.name} is excluded`;
  const broken = brokenConstraint(binary.version, constraintsOf(versions, binary.name));
  if (broken !== undefined) return `${named(binary)} is not ${formatConstraint(broken)}`;
  const obstacle = chosen.obstacle(candidate);
  if (obstacle === undefined) return `${named(binary)} was tried`;
  const other = obstacle.choice.candidate.binary;
  const because = `${named(other)}, which ${reason(obstacle.choice)}`;
  switch (obstacle.kind) {
    case "other-version":
      return `${named(binary)} is not ${because}`;
    case "refuses":
      return `${named(binary)} conflicts with ${because}`;
    case "is-refused":
      return `${named(binary)} is in conflict with ${because}`;
  }
}

/** What the version of a package must satisfy. */
export function constraintsOf(versions: VersionConstraints, name: string): VersionConstraints[string] {
  return (Object.hasOwn(versions, name) ? versions[name] : undefined) ?? [];
}

function reason(choice: Choice): string {
  if (choice.isPresent) return "is there already";
  return choice.parent === undefined ? "is wanted" : `is needed by ${chainOf(choice.parent).join(" → ")}`;
}

function whyNothing({ name, qualifier }: Relation, { candidates }: Situation): string {
  const versions = candidates.named(name);
  if (versions.length === 0) return `no source has ${name}`;
  if (qualifier !== undefined && versions.every(({ binary }) => binary.multiArch !== "allowed"))
    return `${named(versions[0]?.binary)} is not for other architectures (Multi-Arch: allowed)`;
  return versions.map(({ binary }) => `${binary.suite} has ${named(binary)}`).join(", ");
}

function named(binary: BinaryPackage | undefined): string {
  return binary === undefined ? "" : `${binary.name} ${binary.version}`;
}
