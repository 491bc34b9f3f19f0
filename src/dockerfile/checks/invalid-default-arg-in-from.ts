/** BuildKit's InvalidDefaultArgInFrom. */
import { isDecantError } from "../../errors.ts";
import { parseReference } from "../../oci/index.ts";
import { expandWord } from "../expand.ts";
import type { EscapeToken } from "../types.ts";
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
      if (!isReference(name)) yield atInstruction(from, `Default value for ARG ${text} results in empty or invalid base image name`, range);
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

function isReference(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch (error) {
    if (isDecantError(error, "REFERENCE")) return false;
    throw error;
  }
}
