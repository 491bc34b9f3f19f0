/** Decant's CommentAfterArguments. */
import type { StageInstruction, Word } from "../types.ts";
import { atStep, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** A `#` behind the arguments begins no comment: it is an argument, and so are the words behind it. The shell of a RUN is another matter. */
export const commentAfterArguments: Rule = {
  ...decantRule("CommentAfterArguments", "Comments are lines of their own", function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction } = step;
      const word = argumentsOf(instruction).find(({ text }) => /(?:^|\s)#(?:\s|$)/.test(text));
      if (word === undefined) continue;
      const name = instruction.keyword.text;
      yield atStep(
        step,
        `${name} takes "#" and what follows it as ${effectOf(instruction)}: write the comment on a line of its own`,
        word.range,
      );
    }
  }),
  duringBuild: true,
};

/** Words, and texts that may have blanks. */
function argumentsOf(instruction: StageInstruction): readonly Word[] {
  const { kind } = instruction;
  if (kind === "copy" || kind === "add") return instruction.json ? [] : [...instruction.sources, instruction.destination];
  if (kind === "volume") return instruction.paths;
  if (kind === "workdir") return [instruction.path];
  return kind === "user" ? [instruction.user] : [];
}

function effectOf({ kind }: StageInstruction): string {
  if (kind === "copy" || kind === "add") return "more files to copy and their destination";
  return kind === "volume" ? "more volumes" : "part of the name";
}
