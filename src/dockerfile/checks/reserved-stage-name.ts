/** BuildKit's ReservedStageName. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** `context` and `scratch` mean something else. */
export const reservedStageName: Rule = buildkitRule(
  "ReservedStageName",
  "reserved-stage-name",
  "Reserved words should not be used as stage names",
  function* ({ parsed }) {
    for (const { from, name } of parsed.stages)
      if (name === "context" || name === "scratch")
        yield atInstruction(from, `Stage name should not use the same name as reserved stage "${name}"`, from.stageName?.range);
  },
);
