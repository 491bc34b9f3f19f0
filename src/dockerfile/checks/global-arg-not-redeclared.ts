/** Decant's GlobalArgNotRedeclared. */
import { atStep, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/**
 * A RUN uses an argument from before the first FROM, or one of the platform (`TARGETARCH` …), that no ARG brings into its stage: it is
 * empty there. BuildKit's UndefinedVar does not look at what a shell expands.
 */
export const globalArgNotRedeclared: Rule = {
  ...decantRule(
    "GlobalArgNotRedeclared",
    "Arguments from before the first FROM must be declared again in each stage",
    function* ({ stages }) {
      for (const step of stages.flatMap(({ steps }) => steps))
        for (const name of step.missingArguments) yield atStep(step, `$${name} is empty in this stage: add "ARG ${name}" after its FROM`);
    },
  ),
  duringBuild: true,
};
