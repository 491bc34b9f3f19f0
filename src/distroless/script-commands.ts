/**
 * The commands of a maintainer script, as far as they can be told without running it: words with the variables filled in that the script itself sets to fixed
 * texts, loops over fixed lists spelled out. Conditions are not judged: a command counts whichever branch it is in. Pure.
 */

import { given } from "../given.ts";
import { type ShellPiece, shellWords } from "./shell-words.ts";

/** One command. */
export interface ScriptCommand {
  /** The name first. Words that depend on what only a run would show have `known: false`. */
  readonly words: readonly ScriptWord[];
  /** As in the script, on one line. */
  readonly text: string;
  /** The function whose body it is in. */
  readonly inside?: string;
}

/** A word of a command. */
interface ScriptWord {
  readonly text: string;
  readonly known: boolean;
}

/** Set to something that only a run would show. */
const UNKNOWN = "\0";
/** The longest of Debian have less than 100 KiB. */
const MAX_BYTES = 256 * 1024;
const MAX_COMMANDS = 5000;
const MAX_REPEATS = 64;
/** What may stand before a command. */
const PREFIXES: ReadonlySet<string> = new Set(["if", "then", "else", "elif", "while", "until", "do", "!", "{", "(", "exec"]);

interface Loop {
  readonly variable: string;
  readonly values: readonly string[];
}

/** All commands of a shell script, in order; none for a program that is no shell script. */
export function scriptCommands(script: string): ScriptCommand[] {
  const first = /^#!.*/.exec(script)?.[0] ?? "#!/bin/sh";
  if (!/\bsh\b|bash|dash/.test(first)) return [];
  const variables = new Map<string, string>([["DPKG_ROOT", ""]]);
  const loops: (Loop | undefined)[] = [];
  const found: ScriptCommand[] = [];
  let inside: string | undefined;
  for (const line of logicalLines(script.slice(0, MAX_BYTES))) {
    const opened = /^(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)\s*\{?\s*$/.exec(line)?.[1];
    if (opened !== undefined) inside = opened;
    if (line === "}") inside = undefined;
    for (const text of simpleCommands(line)) {
      const loop = /^for\s+(\w+)\s+in\s+(.*)$/.exec(text);
      if (loop !== null || /^(?:while|until|for|select)\b/.test(text)) loops.push(loopOf(loop, variables));
      if (text === "done") loops.pop();
      const set = /^(?:local\s+|export\s+)?([A-Za-z_]\w*)=(\S*|"[^"]*"|'[^']*')$/.exec(text);
      if (set?.[1] !== undefined && set[2] !== undefined) assign(variables, set[1], set[2]);
      if (set !== null || loop !== null || text === "" || found.length >= MAX_COMMANDS) continue;
      for (const scope of scopes(variables, loops)) {
        const words = shellWords(text).flatMap((word) => expand(word, scope));
        while (PREFIXES.has(words[0]?.text ?? "")) words.shift();
        if (words.length > 0) found.push({ words, text: text.replaceAll(/\s+/g, " "), ...given({ inside }) });
      }
    }
  }
  return found;
}

function loopOf(match: RegExpExecArray | null, variables: ReadonlyMap<string, string>): Loop | undefined {
  const [, variable, list] = match ?? [];
  if (variable === undefined || list === undefined) return undefined;
  const words = shellWords(list).flatMap((word) => expand(word, variables));
  return words.every(({ known, text }) => known && !/[*?[]/.test(text)) ? { variable, values: words.map(({ text }) => text) } : undefined;
}

/** A variable that is set twice, to different texts, is not known. */
function assign(variables: Map<string, string>, name: string, value: string): void {
  const words = shellWords(value).flatMap((word) => expand(word, variables));
  const text = words.map((word) => word.text).join(" ");
  const isKnown = words.every(({ known }) => known) && (!variables.has(name) || variables.get(name) === text);
  variables.set(name, isKnown ? text : UNKNOWN);
}

/** The values of the variables, once for each round of the loops around. */
function scopes(variables: ReadonlyMap<string, string>, loops: readonly (Loop | undefined)[]): ReadonlyMap<string, string>[] {
  let all: ReadonlyMap<string, string>[] = [variables];
  for (const loop of loops) {
    if (loop === undefined || all.length * loop.values.length > MAX_REPEATS) continue;
    all = all.flatMap((scope) => loop.values.map((value) => new Map([...scope, [loop.variable, value]])));
  }
  return all;
}

/** Lines joined at backslashes, without comments and here-documents. */
function logicalLines(script: string): string[] {
  const lines: string[] = [];
  let until: string | undefined;
  let held = "";
  for (const raw of script.split("\n")) {
    if (until !== undefined) {
      if (raw.trim() === until) until = undefined;
      continue;
    }
    const line = held + raw.replace(/(^|\s)#.*$/, "$1").trimEnd();
    if (line.endsWith("\\")) {
      held = `${line.slice(0, -1)} `;
      continue;
    }
    held = "";
    until = /<<-?\s*["']?(\w+)/.exec(line)?.[1];
    if (line.trim() !== "") lines.push(line.trim());
  }
  return lines;
}

/** Parts between ; && || | & outside of quotes; a label of a case goes. */
function simpleCommands(line: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quote = "";
  let depth = 0;
  for (const char of line.replace(/^[\w*?|[\]"$.-]+\)\s*/, "")) {
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'" || char === "`") quote = char;
    else if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    if (quote === "" && depth <= 0 && /[;&|]/.test(char) && !/[<>]$/.test(part)) {
      parts.push(part.trim());
      part = "";
    } else part += char;
  }
  return [...parts, part.trim()].filter((one) => one !== "").map((one) => one.replace(/^(?:(?:if|then|else|elif|do|!|\{)\s+)+/, ""));
}

/** Variables are filled in; an unquoted one with spaces becomes several words. */
function expand(pieces: readonly ShellPiece[], variables: ReadonlyMap<string, string>): ScriptWord[] {
  const [only] = pieces;
  const value = only?.kind === "variable" && only.plain && pieces.length === 1 ? valueOf(only, variables) : undefined;
  if (value !== undefined) {
    const words = value.split(/\s+/).filter((one) => one !== "");
    return words.map((text) => ({ text, known: true }));
  }
  let isKnown = true;
  const texts = pieces.map((piece) => {
    const text = piece.kind === "text" ? piece.text : piece.kind === "variable" ? valueOf(piece, variables) : undefined;
    if (text === undefined) isKnown = false;
    return text ?? piece.text;
  });
  return [{ text: texts.join(""), known: isKnown }];
}

function valueOf({ name }: { readonly name: string }, variables: ReadonlyMap<string, string>): string | undefined {
  const value = variables.get(name);
  return value === UNKNOWN ? undefined : value;
}
