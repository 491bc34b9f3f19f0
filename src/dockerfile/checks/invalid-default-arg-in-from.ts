/** BuildKit's InvalidDefaultArgInFrom. */
import { isDecantError } from "../../errors.ts";
import { expandWord } from "../expand.ts";
import type { EscapeToken } from "../types.ts";
import { checkBaseName } from "./base-name.ts";
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** A FROM that names no image unless a build argument is given. */
export const invalidDefaultArgInFrom: Rule = buildkitRule(
  "InvalidDefaultArgInFrom",
  "invalid-default-arg-in-from",
  "Default value for global ARG results in an empty or invalid base image name",
  function* ({ parsed, defaultGlobals }) {
    if (defaultGlobals === undefined) return;
    for (const { from } of parsed.stages) {
      const { text, range } = from.image;
      const name = defaultName(text, defaultGlobals, parsed.escape);
      if (name === undefined) return;
      if (!isBaseName(name)) yield atInstruction(from, `Default value for ARG ${text} results in empty or invalid base image name`, range);
    }
  },
);

/** Undefined where it cannot be expanded: the build will say so. */
function defaultName(text: string, globals: ReadonlyMap<string, string>, escape: EscapeToken): string | undefined {
  try {
    return expandWord(text, globals, { escape }).value;
  } catch (error) {
    if (isDecantError(error, "DOCKERFILE_SEMANTIC")) return undefined;
    throw error;
  }
}

function isBaseName(name: string): boolean {
  try {
    checkBaseName(name);
    return true;
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return false;
    throw error;
  }
}
