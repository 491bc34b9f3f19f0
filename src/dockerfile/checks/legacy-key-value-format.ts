/** BuildKit's LegacyKeyValueFormat. */
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** `ENV key value` and `LABEL key value`. */
export const legacyKeyValueFormat: Rule = buildkitRule(
  "LegacyKeyValueFormat",
  "legacy-key-value-format",
  "Legacy key/value format with whitespace separator should not be used",
  function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction } = step;
      if (instruction.kind !== "env" && instruction.kind !== "label") continue;
      const name = instruction.keyword.text;
      for (const { legacy, range } of instruction.pairs)
        if (legacy) yield atStep(step, `"${name} key=value" should be used instead of legacy "${name} key value" format`, range);
    }
  },
);
