/** BuildKit's MaintainerDeprecated. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** MAINTAINER, for which there is a label. */
export const maintainerDeprecated: Rule = buildkitRule(
  "MaintainerDeprecated",
  "maintainer-deprecated",
  "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
  function* ({ parsed }) {
    for (const instruction of parsed.stages.flatMap((stage) => stage.instructions))
      if (instruction.kind === "maintainer")
        yield atInstruction(instruction, "Maintainer instruction is deprecated in favor of using label");
  },
);
