/**
 * The commands that a maintainer script would run when its package is installed for the first time, as far as they can be told without running it: with the
 * variables filled in that the script itself sets, loops over fixed lists spelled out, functions at the place of each call. Of a condition that has one answer
 * then, only the branch that is taken counts; of any other, all. Pure.
 */
import { ShellSyntaxError } from "./lex-shell.ts";
import { parseShell } from "./parse-shell.ts";
import type { ScriptWord } from "./script-variables.ts";
import { type ScriptCommand, type ScriptOrigin, walkScript } from "./walk-script.ts";

export type { ScriptWord } from "./script-variables.ts";
export type { ScriptCommand } from "./walk-script.ts";

/** A script that was read. */
export interface ReadScript {
  readonly commands: readonly ScriptCommand[];
  /** Why there may be more in it, as a sentence's end: "it is a program of perl". */
  readonly problem?: string;
}

/** The longest of Debian have less than 100 KiB. */
const MAX_CHARS = 256 * 1024;
const SHELL = /^#!\s*(?:\/usr)?\/bin\/(?:env\s+)?(?:ba|da)?sh\b/;

/** Reads a script. One that is no shell script, or that cannot be read, has no commands and a problem. */
export function readScript(script: string, origin: ScriptOrigin): ReadScript {
  const [first = ""] = script.split("\n", 1);
  if (first.startsWith("#!") && !SHELL.test(first))
    return { commands: [], problem: `it is a program of ${first.slice(2).trim().slice(0, 60)}` };
  if (script.length > MAX_CHARS) return { commands: [], problem: `it has more than ${MAX_CHARS} characters` };
  try {
    const root = parseShell(script);
    const commands: ScriptCommand[] = [];
    let isWhole = true;
    for (const given of argumentsOf(script, origin)) isWhole = walkScript(root, { origin, given, found: commands }) && isWhole;
    return { commands, ...(isWhole ? {} : { problem: "it does more than is read of one script" }) };
  } catch (error) {
    if (error instanceof ShellSyntaxError) return { commands: [], problem: `it cannot be read: ${error.message}` };
    throw error;
  }
}

/** How dpkg calls it (policy 6.5), and later for its triggers, which other packages pull. */
function argumentsOf(script: string, { script: name }: ScriptOrigin): ScriptWord[][] {
  if (name === "preinst") return [[{ text: "install", known: true }]];
  const configure = [
    { text: "configure", known: true },
    { text: "", known: true },
  ];
  if (!script.includes("triggered")) return [configure];
  return [
    configure,
    [
      { text: "triggered", known: true },
      { text: "$2", known: false },
    ],
  ];
}
