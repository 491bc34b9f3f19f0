/**
 * `skip=A,B;error=true;experimental=C`: which checks run (F3, F4). Stands in `# check=` at the top of the file, in the build argument
 * BUILDKIT_DOCKERFILE_CHECK, which replaces it, and in a comment above one instruction.
 */
import { isDecantError } from "../../errors.ts";
import { semanticError, syntaxError } from "../errors.ts";
import type { Instruction, ParsedDockerfile, Word } from "../types.ts";
import { didYouMean } from "../suggest.ts";
import { parseBool } from "../values.ts";
import type { Rule } from "./types.ts";

/** The build argument that replaces the directive. */
export const CHECK_ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK";

/** Which checks run, and whether what they find is an error. */
export interface CheckSettings {
  readonly skip: ReadonlySet<string> | "all";
  readonly experimental: ReadonlySet<string> | "all";
  readonly error: boolean;
}

const OPTIONS = ["skip", "error", "experimental"];
const COMMENT = /^\s*check\s*=\s*(\S+)/i;
const NONE: CheckSettings = { skip: new Set(), experimental: new Set(), error: false };

/** The settings of a file. Throws `DOCKERFILE_SYNTAX` or `DOCKERFILE_SEMANTIC` for an option that is not known. */
export function fileSettings(parsed: ParsedDockerfile, buildArgs: Readonly<Record<string, string>>): CheckSettings {
  const given = Object.hasOwn(buildArgs, CHECK_ARGUMENT) ? buildArgs[CHECK_ARGUMENT] : undefined;
  if (given !== undefined) return parseSettings(given, CHECK_ARGUMENT);
  const directive = parsed.directives.check;
  return directive === undefined ? NONE : parseSettings(directive.value.text, "the check directive", directive.value);
}

/** Does `rule` run where the comments above `instructions` count as well? A comment that cannot be read counts as none, as in BuildKit. */
export function isEnabled(rule: Rule, file: CheckSettings, instructions: readonly Instruction[]): boolean {
  const all = [file, ...instructions.map(commentSettings)];
  if (rule.experimental) return all.some(({ experimental }) => experimental === "all" || experimental.has(rule.name));
  return !all.some(({ skip }) => skip === "all" || skip.has(rule.name));
}

function commentSettings(instruction: Instruction): CheckSettings {
  for (const { text } of instruction.comments) {
    const value = COMMENT.exec(text)?.[1];
    if (value === undefined) continue;
    try {
      return readSettings(value);
    } catch (error) {
      if (isDecantError(error, "DOCKERFILE_SEMANTIC")) return NONE;
      throw error;
    }
  }
  return NONE;
}

function parseSettings(text: string, where: string, word?: Word): CheckSettings {
  try {
    return readSettings(text);
  } catch (error) {
    if (!isDecantError(error, "DOCKERFILE_SEMANTIC")) throw error;
    const message = `Cannot read check options "${text}" of ${where}: failed to parse check options: ${error.message}`;
    const hint = error.hint ?? "Write skip=RULE,RULE;error=true;experimental=RULE";
    throw word === undefined ? semanticError(message, { hint }) : syntaxError("InvalidCheck", message, { range: word.range, hint });
  }
}

/** Throws `DOCKERFILE_SEMANTIC`. */
function readSettings(text: string): CheckSettings {
  let { skip, experimental, error } = NONE;
  const trimmed = text.trim();
  const [first = "", second, ...more] = trimmed.split(";");
  // BuildKit reads three: what comes behind is part of the third.
  const parts = [first, ...(second === undefined ? [] : [second]), ...(more.length === 0 ? [] : [more.join(";")])];
  for (const part of trimmed === "" ? [] : parts) {
    const equals = part.indexOf("=");
    const value = part.slice(equals + 1).trim();
    const rules = value === "all" ? "all" : new Set(value.split(",").map((name) => name.trim()));
    switch (part.slice(0, Math.max(0, equals)).trim()) {
      case "skip":
        skip = skip === "all" ? skip : rules;
        break;
      case "experimental":
        experimental = experimental === "all" ? experimental : rules;
        break;
      case "error":
        error = parseBool(value, "error");
        break;
      default:
        throw semanticError(`invalid check option "${part}"`, { hint: didYouMean(part.slice(0, Math.max(0, equals)).trim(), OPTIONS) });
    }
  }
  return { skip, experimental, error };
}
