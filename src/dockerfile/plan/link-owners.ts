/** `--link` copies onto an empty tree, which has no accounts: names in its `--chown` are a mistake in every stage, needed or not (rule S86). */
import { follows } from "../../followed.ts";
import { semanticError } from "../errors.ts";
import type { ParsedDockerfile, StageInstruction } from "../types.ts";
import { parseId } from "../values.ts";
import type { Attempt } from "./attempt.ts";
import type { PlanOptions } from "./types.ts";

/** Notes each such mistake that is plain to see: variables are filled in later. */
export function checkLinkOwners({ stages }: ParsedDockerfile, { followed }: PlanOptions, attempt: Attempt): void {
  if (!follows(followed, "link-chown-numbers")) return;
  for (const { instructions } of stages) for (const instruction of instructions) attempt(() => checkLinkOwner(instruction));
}

function checkLinkOwner(instruction: StageInstruction): void {
  if (instruction.kind !== "copy" && instruction.kind !== "add") return;
  const { link, chown, chmod } = instruction;
  // With --chmod there is no link, as BuildKit has it.
  if (link?.value !== true || chown === undefined || chmod !== undefined || chown.text.includes("$")) return;
  const [, ...parts] = /^([^:]*):?(.*)$/s.exec(chown.text) ?? [];
  if (!parts.some((part) => part !== "" && parseId(part) === undefined)) return;
  throw semanticError(`Cannot use --chown=${chown.text} with --link: there is no passwd file to look the name up in (invalid user index)`, {
    range: chown.range,
    hint: "Use numeric ids",
  });
}
