/** The variables of an expansion: their values, which of them were asked for, and how much they may give. */
import { ExpandProblem } from "./expand-problem.ts";
import type { Environment, Lookup } from "./types.ts";

/** Which variables were asked for. */
export interface UsedNames {
  /** Names that are set, in order of first use. */
  readonly matched: readonly string[];
  /** Names that are not. */
  readonly unmatched: readonly string[];
}

/** Gives values, and notes who was asked for. */
export interface Variables {
  /** The value of a variable, or undefined. Throws `ExpandProblem` when all values together are too long. */
  get(name: string): string | undefined;
  /** Counts characters that a substitution made. Throws as `get`. */
  spend(length: number): void;
  names(): UsedNames;
}

const MAX_EXPANDED = 16 << 20;

/** Variables out of `env`, of which none was asked for yet. */
export function createVariables(env: Environment): Variables {
  const lookup: Lookup = typeof env === "function" ? env : (name) => env.get(name);
  const matched = new Set<string>();
  const unmatched = new Set<string>();
  let spent = 0;
  const spend = (length: number): void => {
    spent += length;
    if (spent > MAX_EXPANDED) throw new ExpandProblem(`the result has more than ${MAX_EXPANDED} characters`);
  };
  return {
    get(name) {
      const value = lookup(name);
      (value === undefined ? unmatched : matched).add(name);
      spend(value?.length ?? 0);
      return value;
    },
    spend,
    names: () => ({ matched: [...matched], unmatched: [...unmatched] }),
  };
}
