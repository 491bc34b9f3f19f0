/**
 * What the maintainer scripts of packages would have done. They are never run; this accounts for what that means, command by command: done natively by us, not
 * needed in a base, left out, or needed. Pure.
 */
import type { ScriptName } from "../../debian/index.ts";
import type { EffectContext, EffectState } from "./effect-rule.ts";
import { judge } from "./effect-rules.ts";
import { readScript, type ScriptCommand } from "./read-script.ts";

export type { EffectContext, EffectState } from "./effect-rule.ts";

/** One effect of a package's scripts. JSON-safe. */
export interface ScriptEffect {
  readonly package: string;
  readonly script: ScriptName;
  /** "ld.so.cache", "certificates", "alternatives", "directories", …; "commands": no rule knows what they do. */
  readonly effect: string;
  readonly done: EffectState;
  /** For people: what, or why not. */
  readonly text: string;
  /** The commands, as in the script; at most 50. */
  readonly commands: readonly string[];
}

const MAX_COMMANDS = 50;

/** The effects of all scripts of a package, commands with the same effect and state as one. */
export function scriptEffects(
  { name, architecture }: { readonly name: string; readonly architecture: string },
  scripts: ReadonlyMap<ScriptName, string>,
  context: EffectContext,
): ScriptEffect[] {
  return [...scripts].flatMap(([script, text]) => {
    if (script !== "triggers" && script !== "preinst" && script !== "postinst") return [];
    const { commands, problem } =
      script === "triggers"
        ? { commands: triggerCommands(text), problem: undefined }
        : readScript(text, { package: name, architecture, script });
    const found = new Map<string, { effect: string; done: EffectState; text: string; commands: Set<string> }>();
    const add = (effect: string, done: EffectState, why: string, command: string): void => {
      const key = [effect, done, why].join("\0");
      const group = found.get(key) ?? { effect, done, text: why, commands: new Set() };
      if (group.commands.size < MAX_COMMANDS && command !== "") group.commands.add(command);
      found.set(key, group);
    };
    if (problem !== undefined) add("commands", "left out", problem, "");
    // A call that a rule knows stands for all that its function does.
    const judged = new Set<ScriptCommand>();
    for (const command of commands) {
      if (isWithin(command, judged)) continue;
      const effect = judge(command, context);
      if (effect === undefined) continue;
      if (command.isCall) judged.add(command);
      add(effect.effect, effect.done, effect.text, lineOf(command));
    }
    return [...found.values()].map((one) => ({ package: name, script, ...one, commands: [...one.commands] }));
  });
}

function isWithin({ inside }: ScriptCommand, calls: ReadonlySet<ScriptCommand>): boolean {
  for (let call = inside; call !== undefined; call = call.inside) if (calls.has(call)) return true;
  return false;
}

/** With the values of variables, and without redirections to nowhere. */
function lineOf({ words, writes, text }: ScriptCommand): string {
  const [name] = words;
  if (name?.text === ">") return text;
  return [...words, ...writes.flatMap((file) => [{ text: ">" }, file])]
    .map((word) => (/^$|\s/.test(word.text) ? `"${word.text}"` : word.text))
    .join(" ");
}

/** The lines of a triggers file (deb-triggers(5)). */
function triggerCommands(text: string): ScriptCommand[] {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => ({
      text: line,
      words: line.split(/\s+/).map((word) => ({ text: word, known: true })),
      writes: [],
      isCall: false,
    }));
}
