/** Makes rules: what BuildKit's have in common, and what Decant's have. */
import type { SourceRange } from "../../source.ts";
import type { Instruction } from "../types.ts";
import type { CheckedStep, Finding, Rule } from "./types.ts";

type Find = Rule["find"];

/** A rule of BuildKit; `page` is the last part of the address of its page. */
export function buildkitRule(name: string, page: string | undefined, description: string, find: Find): Rule {
  const url = page === undefined ? {} : { url: `https://docs.docker.com/go/dockerfile/rule/${page}/` };
  return { name, description, origin: "buildkit", ...url, experimental: false, duringBuild: true, afterBuild: false, find };
}

/** A rule of Decant: advice, shown by `--check`. */
export function decantRule(name: string, description: string, find: Find): Rule {
  return {
    name,
    description,
    origin: "decant",
    url: `docs/checks/${name}.md`,
    experimental: false,
    duringBuild: false,
    afterBuild: false,
    find,
  };
}

/** A finding about a step: at the FROM that brought it for a trigger, whose own text is not in the file. */
export function atStep(step: CheckedStep, message: string, range: SourceRange = step.instruction.range): Finding {
  const { trigger } = step;
  return trigger === undefined ? { message, range, instruction: step.instruction } : atInstruction(trigger, message);
}

/** A finding about a whole instruction. */
export function atInstruction(instruction: Instruction, message: string, range: SourceRange = instruction.range): Finding {
  return { message, range, instruction };
}
