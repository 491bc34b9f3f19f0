/** BuildKit's InvalidDefinitionDescription, an experimental rule. */
import type { Instruction } from "../types.ts";
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Finding, Rule } from "./types.ts";

/** A comment right above a named FROM or an ARG is its description, and begins with its name. */
export const invalidDefinitionDescription: Rule = {
  ...buildkitRule(
    "InvalidDefinitionDescription",
    "invalid-definition-description",
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    function* ({ parsed }) {
      for (const arg of parsed.metaArgs)
        yield* misdescribed(
          arg,
          arg.args.map(({ key }) => key.text),
        );
      for (const { from, name, instructions } of parsed.stages) {
        if (name !== undefined) yield* misdescribed(from, [name]);
        for (const each of instructions)
          if (each.kind === "arg")
            yield* misdescribed(
              each,
              each.args.map(({ key }) => key.text),
            );
      }
    },
  ),
  experimental: true,
};

function* misdescribed(instruction: Instruction, names: readonly string[]): Generator<Finding> {
  const comment = instruction.comments.at(-1);
  const [only = ""] = names;
  if (comment === undefined || names.includes(comment.text.split(" ", 1)[0] ?? "")) return;
  const wanted = names.length > 1 ? "<arg_key>" : only;
  const message = `Comment for ${instruction.kind.toUpperCase()} should follow the format: \`# ${wanted} <description>\``;
  yield atInstruction(instruction, message, comment.range);
}
