/** BuildKit's MultipleInstructionsDisallowed. */
import { atStep, buildkitRule } from "./rule.ts";
import type { CheckedStep, Rule } from "./types.ts";

/** Of CMD, ENTRYPOINT and HEALTHCHECK only the last of a stage counts; the one that does not is shown. */
export const multipleInstructionsDisallowed: Rule = buildkitRule(
  "MultipleInstructionsDisallowed",
  "multiple-instructions-disallowed",
  "Multiple instructions of the same type should not be used in the same stage",
  function* ({ stages }) {
    for (const { steps } of stages) {
      const last = new Map<string, CheckedStep>();
      for (const step of steps) {
        const { kind, keyword } = step.instruction;
        if (kind !== "cmd" && kind !== "entrypoint" && kind !== "healthcheck") continue;
        const before = last.get(kind);
        last.set(kind, step);
        if (before === undefined) continue;
        const message = `Multiple ${keyword.text} instructions should not be used in the same stage because only the last one will be used`;
        yield { ...atStep(before, message), also: step.instruction };
      }
    }
  },
);
