/** Decant's UnusedStage. */
import { atInstruction, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Names of stages that are there to be built by themselves. */
const OWN_TARGET =
  /(?:^|[-_.])(?:test|tests|testing|lint|dev|devel|development|debug|check|checks|ci|e2e|doc|docs|release|prod|production|vendor|validate|generate|update|export|artifacts?|binary|binaries)(?:[-_.]|$)/;

/** A stage that the target does not need and that no other stage uses. Named stages may be targets: names that say so are left alone. */
export const unusedStage: Rule = decantRule("UnusedStage", "Stages that nothing needs should go", function* ({ stages, target }) {
  if (target === undefined || target.stage.index !== stages.length - 1) return;
  const used = new Set(stages.flatMap(({ needs }) => needs));
  for (const { stage, isNeeded } of stages) {
    if (isNeeded || used.has(stage.index) || (stage.name !== undefined && OWN_TARGET.test(stage.name))) continue;
    const who = stage.name === undefined ? `Stage ${stage.index}` : `Stage "${stage.name}"`;
    yield atInstruction(stage.from, `${who} is not needed by the last stage, and no other stage uses it`, stage.from.stageName?.range);
  }
});
