/** BuildKit's StageNameCasing. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Stage names are compared in lower case, so they are best written so. */
export const stageNameCasing: Rule = buildkitRule(
  "StageNameCasing",
  "stage-name-casing",
  "Stage names should be lowercase",
  function* ({ parsed }) {
    for (const { from, nameAsWritten, name } of parsed.stages)
      if (nameAsWritten !== undefined && nameAsWritten !== name)
        yield atInstruction(from, `Stage name '${nameAsWritten}' should be lowercase`, from.stageName?.range);
  },
);
