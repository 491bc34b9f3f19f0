/** Decant's UnusedStage. */
import type { Stage } from "../types.ts";
import { atInstruction, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Names of stages that are there to be built by themselves. */
const OWN_TARGET =
  /(?:^|[-_.])(?:test|tests|testing|lint|dev|devel|development|debug|check|checks|ci|e2e|doc|docs|release|prod|production|vendor|validate|generate|update|export|artifacts?|binary|binaries)(?:[-_.]|$)/;

/** More unused stages with names than this are no oversight: the file offers targets. */
const MAX_FORGOTTEN = 1;

/** A stage that the target does not need and that no other stage uses. Named stages may be targets: where it looks so, they are left alone. */
export const unusedStage: Rule = decantRule(
  "UnusedStage",
  "Remove stages that nothing needs",
  function* ({ parsed, stages, target, options }) {
    // What a target does not need is nobody's oversight.
    if (target === undefined || options.everyStage !== true || target.stage.index !== stages.length - 1) return;
    const used = new Set(stages.flatMap(({ needs }) => needs));
    const chosen = chosenByVariable(parsed.stages);
    const unused = stages.filter(({ stage, isNeeded }) => !isNeeded && !used.has(stage.index) && !chosen(stage.name ?? ""));
    const named = unused.filter(({ stage }) => stage.name !== undefined && !OWN_TARGET.test(stage.name));
    for (const { stage } of unused) {
      if (stage.name !== undefined && (named.length > MAX_FORGOTTEN || OWN_TARGET.test(stage.name))) continue;
      const who = stage.name === undefined ? `Stage ${stage.index}` : `Stage "${stage.name}"`;
      yield atInstruction(stage.from, `${who} is not needed by the last stage, and no other stage uses it`, stage.from.stageName?.range);
    }
  },
);

/** `FROM build-${TARGETARCH}`: any stage that a variable could choose is used. */
function chosenByVariable(stages: readonly Stage[]): (name: string) => boolean {
  const ends = stages.flatMap(({ from }) => {
    const { text } = from.image;
    const first = text.indexOf("$");
    if (first < 0) return [];
    const last = /(?:\}|\$\w+)([^${}]*)$/.exec(text)?.[1] ?? "";
    return [{ start: text.slice(0, first).toLowerCase(), end: last.toLowerCase() }];
  });
  return (name) => name !== "" && ends.some(({ start, end }) => start + end !== "" && name.startsWith(start) && name.endsWith(end));
}
