/** The commands of a shell that change the script's own state, and nothing of the system: variables, conditions, and what ends a script, function or loop. */
import { testStatus } from "./script-conditions.ts";
import type { ScriptVariables, ScriptWord } from "./script-variables.ts";

/** `NAME=VALUE` in front of a command, or alone. */
export const ASSIGNMENT: RegExp = /^([A-Za-z_]\w*)=([^]*)$/;
const DECLARATIONS: ReadonlySet<string> = new Set(["local", "export", "readonly", "declare", "typeset"]);

/** Whether the script surely gets here: at all, since its function was called, and since its loop began. */
export interface Sureness {
  readonly script: boolean;
  readonly call: boolean;
  readonly loop: boolean;
}

/** Where a command stands. */
export interface SurePlace {
  readonly sure: Sureness;
}

/** What a command comes to. */
export interface Outcome {
  readonly status: boolean | undefined;
  /** What of the commands around it ends; "round": of a loop. */
  readonly ends?: keyof Sureness | "round";
}

/** Nothing is known of it. */
export const DONE: Outcome = { status: undefined };

/** A command by its name: the words as written, and as they became. */
interface NamedCommand {
  readonly name: string;
  readonly raw: readonly string[];
  readonly words: readonly ScriptWord[];
}

/** Runs it; undefined for commands that do something to the system. */
export function runBuiltin({ name, raw, words }: NamedCommand, place: SurePlace, variables: ScriptVariables): Outcome | undefined {
  if (DECLARATIONS.has(name)) return assignWords(raw.slice(1), variables);
  switch (name) {
    case "":
      return DONE;
    case ":":
    case "true":
      return { status: true };
    case "false":
      return { status: false };
    case "[":
    case "[[":
    case "test":
      return { status: testStatus(words) };
    case "set":
      if (words.some(({ text }) => text === "--")) variables.arguments = undefined;
      return { status: true };
    case "shift":
      variables.arguments = place.sure.script && words.length === 1 ? variables.arguments?.slice(1) : undefined;
      return { status: true };
    case "unset":
      for (const { text } of words.slice(1)) variables.unset(text);
      return { status: true };
    case "exit":
      return ended("script", words, place);
    case "return":
      return ended("call", words, place);
    case "break":
    case "continue":
      return { status: true, ...(place.sure.loop ? { ends: name === "break" ? "loop" : "round" } : {}) };
    default:
      return undefined;
  }
}

/** Sets the variables of words such as `NAME=VALUE`. */
export function assignWords(words: readonly string[], variables: ScriptVariables): Outcome {
  for (const word of words) {
    const [, name, value] = ASSIGNMENT.exec(word) ?? [];
    if (name !== undefined && value !== undefined) variables.assign(name, variables.expandOne(value));
  }
  return { status: words.some((word) => /[`]|\$\(/.test(word)) ? undefined : true };
}

function ended(what: "script" | "call", words: readonly ScriptWord[], { sure }: SurePlace): Outcome {
  const [, code] = words;
  const status = code === undefined || !code.known || !/^\d+$/.test(code.text) ? undefined : code.text === "0";
  return { status, ...(sure[what] ? { ends: what } : {}) };
}
