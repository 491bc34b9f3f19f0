/** BuildKit's UndefinedVar. */
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** A variable that neither ENV, ARG nor the base image has. What a shell expands (RUN, CMD …) is not looked at. */
export const undefinedVar: Rule = buildkitRule(
  "UndefinedVar",
  "undefined-var",
  "Variables should be defined before their use",
  function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      for (const { name, suggestion, range } of step.undefinedVariables) {
        const near = suggestion === undefined ? "" : ` (did you mean $${suggestion}?)`;
        yield atStep(step, `Usage of undefined variable '$${name}'${near}`, range);
      }
    }
  },
);
