/** Decant's BrokenJsonForm. */
import type { SourceRange } from "../../source.ts";
import type { StageInstruction, Word } from "../types.ts";
import { atStep, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** What people type, or what editors and blogs make of a double quote. */
const QUOTE = `["'“”„‘’]`;
/** A list that was meant as JSON: a quote right behind the bracket, or a word that a comma follows. `[ "$a" = b ]` is a test of the shell. */
const MEANT = new RegExp(`^\\[(?:${QUOTE}|\\s+${QUOTE}[^"'“”„‘’]*${QUOTE}\\s*(?:,|\\]|$)|\\s*[\\w./-]+\\s*,)`);

/** A list in brackets is no JSON, and so is taken for a command of the shell, or for names of files, without a word. */
export const brokenJsonForm: Rule = {
  ...decantRule("BrokenJsonForm", "A list in brackets that is not JSON is taken as plain text", function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction } = step;
      const plain = plainText(instruction);
      if (plain === undefined || !MEANT.test(plain.text)) continue;
      const name = instruction.keyword.text;
      yield atStep(step, `${name} ${plain.effect}, because its list is not JSON: ${mistakeOf(plain.text)}`, plain.range);
    }
  }),
  duringBuild: true,
};

interface PlainText {
  readonly text: string;
  readonly range: SourceRange;
  /** What the instruction does with it. */
  readonly effect: string;
}

/** The text of an instruction that may have a JSON form and has none. */
function plainText(instruction: StageInstruction): PlainText | undefined {
  const { kind } = instruction;
  if (kind === "run" || kind === "cmd" || kind === "entrypoint" || kind === "healthcheck") {
    const { command } = instruction;
    if (command === undefined || command.form === "exec") return undefined;
    return { text: command.text, range: command.range, effect: "runs a shell" };
  }
  if (kind === "volume") return ofWords(instruction.paths, "makes volumes of these names");
  if ((kind !== "copy" && kind !== "add") || instruction.json) return undefined;
  return ofWords([...instruction.sources, instruction.destination], "looks for files of these names");
}

function ofWords(words: readonly Word[], effect: string): PlainText | undefined {
  const [first] = words;
  return first === undefined ? undefined : { text: words.map((word) => word.text).join(" "), range: first.range, effect };
}

function mistakeOf(text: string): string {
  if (/[\u201c\u201d\u201e\u2018\u2019]/.test(text)) return 'it has typographic quotes; write "…"';
  if (/^\[\s*'/.test(text) || /,\s*'/.test(text)) return 'it has single quotes; write "…"';
  if (/,\s*\]/.test(text) || /\]\s*,\s*$/.test(text) || /,\s*,/.test(text)) return "it has a comma too many";
  if (/\]\s*#/.test(text)) return "a comment follows it; write the comment on a line of its own";
  if (!/\]\s*$/.test(text)) return 'it does not end with "]"';
  if (/"\s+"/.test(text)) return "a comma is missing";
  return 'write ["word", "word"]';
}
