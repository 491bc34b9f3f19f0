/** The errors of the distroless room. */
import { DecantError } from "../errors.ts";
import type { SourceRange } from "../source.ts";

/** `RECIPE`: a recipe cannot be read, found or assembled as it is written. */
export function recipeError(
  name: string,
  why: string,
  extra: { readonly source?: SourceRange; readonly hint?: string | undefined; readonly cause?: unknown } = {},
): DecantError {
  const { source, ...rest } = extra;
  return new DecantError("RECIPE", `Cannot use recipe "${name}": ${why}`, {
    ...rest,
    source: source && [source],
  });
}

/** `NODE_PACKAGE`: the npm package that brings Node.js is missing, damaged or not what was pinned. */
export function nodePackageError(
  what: string,
  why: string,
  extra: {
    readonly hint?: string | undefined;
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, unknown>> | undefined;
  } = {},
): DecantError {
  return new DecantError("NODE_PACKAGE", `Cannot use Node.js package "${what}": ${why}`, extra);
}

/** `RECIPE`: two parts of a base do not fit over each other. */
export function packageConflict(recipe: string, why: string): DecantError {
  return recipeError(recipe, why, { hint: "Leave out one of the two, or use packages of one release only" });
}

/** `RECIPE_LOCK`: a lock cannot be read or used; `RECIPE_DRIFT`: the recipe is no longer what was locked. */
export function lockError(
  name: string,
  why: string,
  extra: { readonly code?: "RECIPE_DRIFT"; readonly hint?: string | undefined; readonly cause?: unknown } = {},
): DecantError {
  const { code = "RECIPE_LOCK", ...rest } = extra;
  return new DecantError(code, `Cannot use lock "${name}": ${why}`, { hint: "Lock it again: decant base lock RECIPE", ...rest });
}
