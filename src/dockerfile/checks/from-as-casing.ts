/** BuildKit's FromAsCasing. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** FROM and AS in the same case. A FROM of mixed case is ConsistentInstructionCasing's. */
export const fromAsCasing: Rule = buildkitRule(
  "FromAsCasing",
  "from-as-casing",
  "The 'as' keyword should match the case of the 'from' keyword",
  function* ({ parsed }) {
    for (const { from } of parsed.stages) {
      const keyword = from.keyword.text;
      const as = from.as?.text;
      if (as === undefined) continue;
      const wanted = keyword === keyword.toLowerCase() ? as.toLowerCase() : keyword === keyword.toUpperCase() ? as.toUpperCase() : as;
      if (as !== wanted) yield atInstruction(from, `'${as}' and '${keyword}' keywords' casing do not match`, from.as?.range);
    }
  },
);
