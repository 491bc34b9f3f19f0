/** The packages that a search has chosen so far: what they meet, what they refuse, and the way back. Pure. */
import { type Candidate, meets } from "./candidates.ts";
import type { Relation } from "./control.ts";

/** A package that was chosen. */
export interface Choice {
  readonly candidate: Candidate;
  /** The package that needs it; undefined for what is wanted or present. */
  readonly parent: Choice | undefined;
  /** The decisions without which it would not have been chosen. */
  readonly decisions: ReadonlySet<number>;
  readonly isPresent: boolean;
}

/** Why a package cannot be chosen: another one that was. */
interface Obstacle {
  readonly kind: "other-version" | "refuses" | "is-refused";
  readonly choice: Choice;
}

/** A set of choices that grows and shrinks from its end. */
export interface Chosen {
  readonly size: number;
  find(name: string): Choice | undefined;
  add(choice: Choice): void;
  /** Takes back all but the first `size`. */
  shrink(size: number): void;
  meets(group: readonly Relation[]): boolean;
  obstacle(candidate: Candidate): Obstacle | undefined;
  list(): readonly Choice[];
}

/** Starts with nothing chosen. */
export function createChosen(architecture: string): Chosen {
  const choices: Choice[] = [];
  const byName = new Map<string, Choice>();
  // Choices by each name that they go by, and by each name that they refuse.
  const providers = new Map<string, Choice[]>();
  const refusers = new Map<string, Choice[]>();
  const namesOf = ({ binary, provides }: Candidate): Set<string> => new Set([binary.name, ...provides.map(({ name }) => name)]);
  const refusedNames = ({ refuses }: Candidate): Set<string> => new Set(refuses.map(({ name }) => name));
  return {
    get size() {
      return choices.length;
    },
    find: (name) => byName.get(name),
    add(choice) {
      choices.push(choice);
      byName.set(choice.candidate.binary.name, choice);
      for (const name of namesOf(choice.candidate)) append(providers, name, choice);
      for (const name of refusedNames(choice.candidate)) append(refusers, name, choice);
    },
    shrink(size) {
      for (const { candidate } of choices.splice(size).toReversed()) {
        byName.delete(candidate.binary.name);
        for (const name of namesOf(candidate)) providers.get(name)?.pop();
        for (const name of refusedNames(candidate)) refusers.get(name)?.pop();
      }
    },
    meets: (group) =>
      group.some((relation) => providers.get(relation.name)?.some(({ candidate }) => meets(candidate, relation, architecture)) ?? false),
    obstacle(candidate) {
      const { name } = candidate.binary;
      const same = byName.get(name);
      if (same !== undefined) return { kind: "other-version", choice: same };
      for (const relation of candidate.refuses) {
        const choice = providers.get(relation.name)?.find((one) => meets(one.candidate, relation, architecture));
        if (choice !== undefined) return { kind: "refuses", choice };
      }
      for (const own of namesOf(candidate)) {
        const choice = refusers
          .get(own)
          ?.find((one) => one.candidate.refuses.some((relation) => relation.name === own && meets(candidate, relation, architecture)));
        if (choice !== undefined) return { kind: "is-refused", choice };
      }
      return undefined;
    },
    list: () => choices,
  };
}

function append(map: Map<string, Choice[]>, key: string, value: Choice): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
