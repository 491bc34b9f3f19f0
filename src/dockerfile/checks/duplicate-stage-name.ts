/** BuildKit's DuplicateStageName. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Two stages of one name: the later one hides the earlier. */
export const duplicateStageName: Rule = buildkitRule(
  "DuplicateStageName",
  "duplicate-stage-name",
  "Stage names should be unique",
  function* ({ parsed }) {
    const names = new Set<string>();
    for (const { from, name } of parsed.stages) {
      if (name === undefined) continue;
      if (names.has(name)) yield atInstruction(from, `Duplicate stage name "${name}", stage names should be unique`, from.stageName?.range);
      names.add(name);
    }
  },
);
