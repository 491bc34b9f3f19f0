/** BuildKit's NoEmptyContinuation; the lexer has seen the line. The place is the last line before a heredoc, as in BuildKit. */
import { given } from "../../given.ts";
import { buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** An empty line inside an instruction. */
export const noEmptyContinuation: Rule = buildkitRule(
  "NoEmptyContinuation",
  "no-empty-continuation",
  "Empty continuation lines will become errors in a future release",
  function* ({ parsed }) {
    const instructions = [...parsed.metaArgs, ...parsed.stages.flatMap(({ from, instructions: rest }) => [from, ...rest])];
    let at = 0;
    for (const { code, range } of parsed.diagnostics) {
      if (code !== "NoEmptyContinuation") continue;
      // Both are in the order of the text.
      while ((instructions[at + 1]?.range.start.line ?? Infinity) <= range.start.line) at += 1;
      const instruction = instructions[at];
      yield { message: "Empty continuation line", range, ...given({ instruction }) };
    }
  },
);
