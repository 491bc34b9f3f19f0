/** Arguments that the shell of a RUN asks for and that no ARG brought into its stage. */
import type { ParsedDockerfile, RunInstruction } from "../types.ts";
import { runText } from "./run-text.ts";

/** `$NAME` or `${NAME}`, not escaped; with a default (`${NAME:-x}`) it is not missed. */
const VARIABLE = /(?<!\\)(?:\\\\)*\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g;
const SINGLE_QUOTED = /'[^'\n]*'/g;
/** A hostile file must not take the square of its length. */
const MAX_TEXT = 65_536;
const MAX_NAMES = 100;

interface Scope {
  readonly env: ReadonlyMap<string, string>;
  /** Names of ARGs, also of those without a value. */
  readonly declared: ReadonlySet<string>;
  /** False when the variables of the base are not known. */
  readonly isComplete: boolean;
}

/**
 * Names of arguments before the first FROM, and of the platform, that `instruction` uses and its stage has not declared. Those before
 * the first FROM only where the base's variables are known: many a base has a variable of the same name, as node has NODE_VERSION.
 */
export function missingArguments(
  instruction: RunInstruction,
  scope: Scope,
  globals: ReadonlyMap<string, string>,
  parsed: ParsedDockerfile,
): string[] {
  if (instruction.command.form !== "shell") return [];
  const written = new Set(parsed.metaArgs.flatMap(({ args }) => args.map(({ key }) => key.text)));
  const text = runText(instruction).slice(0, MAX_TEXT);
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const match of text.replace(SINGLE_QUOTED, "''").matchAll(VARIABLE)) {
    const name = match[1] ?? match[2] ?? "";
    if (seen.has(name) || seen.size >= MAX_NAMES || scope.env.has(name) || scope.declared.has(name)) continue;
    if (written.has(name) ? !scope.isComplete : !globals.has(name)) continue;
    seen.add(name);
    if (!isSetInside(name, text)) found.add(name);
  }
  return [...found];
}

/** The script sets it itself: an assignment, a loop, `read`, or a secret that comes as a variable. */
function isSetInside(name: string, text: string): boolean {
  return new RegExp(`(?:^|[\\s;&|(])(?:${name}=|for\\s+${name}\\b|read\\s[^;&|\\n]{0,200}\\b${name}\\b)|env=${name}\\b`).test(text);
}
