/** BuildKit's ConsistentInstructionCasing. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** The case that most instructions of the stages have is the case for all. */
export const consistentInstructionCasing: Rule = buildkitRule(
  "ConsistentInstructionCasing",
  "consistent-instruction-casing",
  "All commands within the Dockerfile should use the same casing (either upper or lower)",
  function* ({ parsed }) {
    const instructions = parsed.stages.flatMap((stage) => [stage.from, ...stage.instructions]);
    const words = instructions.map(({ keyword }) => keyword.text);
    const lower = words.filter((word) => word === word.toLowerCase()).length;
    const upper = words.filter((word) => word === word.toUpperCase() && word !== word.toLowerCase()).length;
    const isLower = lower > upper;
    for (const instruction of instructions) {
      const { text, range } = instruction.keyword;
      if (text === (isLower ? text.toLowerCase() : text.toUpperCase())) continue;
      const wanted = isLower ? "lowercase" : "uppercase";
      yield atInstruction(instruction, `Command '${text}' should match the case of the command majority (${wanted})`, range);
    }
  },
);
