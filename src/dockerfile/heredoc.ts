/** Heredoc words, `<<EOF`, and what a RUN with heredocs means (rules S106-S108). */
import { isDecantError } from "../errors.ts";
import { type Followed, follows } from "../followed.ts";
import { expandWords } from "./expand.ts";
import { chompTabs } from "./slices.ts";
import type { RunInstruction, RunScript } from "./types.ts";

/** `3<<-"EOF"`, taken apart. */
interface HeredocWord {
  readonly name: string;
  readonly fileDescriptor: number;
  readonly chomp: boolean;
  readonly expand: boolean;
}

const WORD = /^(\d{0,9})<<(-?)[\t\n\f\r ]*([^<]+)$/;
// Heredoc words know only this escape character, whatever the directive says.
const ESCAPE = "\\";

/** Takes a word apart. Undefined when it is no heredoc, or its delimiter is empty or has an open quote. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const match = WORD.exec(word);
  const [, digits = "", dash, rest] = match ?? [];
  if (rest === undefined) return undefined;
  const plain = wordsOf(rest, { quotes: "process", escapes: "process" });
  const [name] = plain ?? [];
  if (plain?.length !== 1 || name === undefined) return undefined;
  const [raw = name] = wordsOf(rest, { quotes: "keep", escapes: "process" }) ?? [];
  return { name, fileDescriptor: Number(digits), chomp: dash === "-", expand: countQuotes(name) === countQuotes(raw) };
}

/** The heredocs of a whole line, in order. A line with an open quote has none. */
export function findHeredocs(line: string): HeredocWord[] {
  if (!line.includes("<<")) return [];
  const words = wordsOf(line, { quotes: "keep", escapes: "keep" }) ?? [];
  return words.flatMap((word) => parseHeredocWord(word) ?? []);
}

/** What stands for the script of a RUN that is nothing but a heredoc: its first line that is not blank. Undefined for any other RUN. */
export function scriptTitle(run: RunInstruction): string | undefined {
  const script = onlyScript(run)?.trim();
  const [first = "", ...more] = script?.split(/\r?\n/) ?? [];
  return script === undefined ? undefined : `${first}${more.length === 0 ? "" : "..."}`;
}

/** What the shell, or the kernel, is given to run. */
export function runScript(run: RunInstruction, followed?: Followed): RunScript {
  const { command, heredocs } = run;
  if (command.form === "exec") return { form: "exec", args: command.args.map((word) => word.text) };
  const [first] = heredocs;
  if (first === undefined) return { form: "shell", script: command.text };
  const content = onlyScript(run);
  if (content === undefined) {
    // The shell reads these heredocs itself.
    return { form: "shell", script: command.text + heredocs.map((heredoc) => `\n${heredoc.raw}${heredoc.name}`).join("") };
  }
  const head = follows(followed, "heredoc-tabs-first") ? content : first.raw;
  return head.startsWith("#!") ? { form: "file", name: first.name, content } : { form: "shell", script: content };
}

/** The body of a heredoc that is all there is of a command. */
function onlyScript({ command, heredocs: [first] }: RunInstruction): string | undefined {
  if (command.form === "exec" || first === undefined || parseHeredocWord(command.text) === undefined) return undefined;
  return first.chomp ? chompTabs(first.raw) : first.raw;
}

function wordsOf(
  text: string,
  options: { readonly quotes: "process" | "keep"; readonly escapes: "process" | "keep" },
): readonly string[] | undefined {
  try {
    return expandWords(text, () => undefined, { ...options, escape: ESCAPE, unset: "keep" }).words;
  } catch (error) {
    if (isDecantError(error, "DOCKERFILE_SEMANTIC")) return undefined;
    throw error;
  }
}

function countQuotes(text: string): number {
  return text.split(/['"]/).length - 1;
}
