/** The owner that `--chown` and USER name (rules S64, S76). */
import { MAX_ID, parseId } from "../../dockerfile/index.ts";
import { type Followed, follows } from "../../followed.ts";
import type { SourceRange } from "../../source.ts";
import type { ChownOpt } from "../ops.ts";
import { semanticError } from "./errors.ts";

/**
 * "user:group", numbers or names. As BuildKit has it, "root" is 0 whatever passwd says. Throws `DOCKERFILE_SEMANTIC` for numbers that no user or
 * group can have. To older frontends these are names.
 */
export function parseOwner(text: string, followed: Followed | undefined, range: SourceRange): ChownOpt {
  const [, user = "", group] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const one = (part: string): string | number => {
    const id = part === "" ? 0 : parseId(part);
    if (!Number.isNaN(id)) return id ?? part;
    if (!follows(followed, "chown-bound")) return part;
    throw semanticError(`Cannot use the owner "${text}": ${part} is no id of a user or group; wanted 0 to ${MAX_ID}`, range);
  };
  const isOmitted = group === undefined || (group === "" && follows(followed, "chown-own-group"));
  return { ...(user === "" ? {} : { user: one(user) }), ...(isOmitted ? {} : { group: one(group) }) };
}

/** Does it have names, which are looked up in the stage's account files? */
export function needsAccounts(owner: ChownOpt): boolean {
  return Object.values(owner).some((part) => typeof part === "string");
}
