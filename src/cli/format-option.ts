/** `--format` of commands that list or show: a word, or a template of Go, after "table " with heads. */
import { usageError } from "../errors.ts";
import { formatTable } from "./table.ts";
import { createTemplate } from "./template/evaluate.ts";
import type { Value } from "./template/functions.ts";

/** How to print: a word of the command, or lines that a template makes. */
type Format<Word extends string> =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "template"; readonly lines: (items: readonly Value[]) => string };

/** Reads the value of `--format`. Throws `USAGE`. */
export function parseFormat<Word extends string>(text: string, words: readonly Word[]): Format<Word> {
  const word = words.find((known) => known === text);
  if (word !== undefined) return { kind: "word", word };
  if (!text.includes("{{")) throw usageError(`Cannot use --format "${text}": wanted ${words.join(", ")}, or a template such as {{.ID}}`);
  const isTable = /^table\s/.test(text);
  // The shell leaves \t and \n as they are, and docker reads them.
  const template = (isTable ? text.slice(6) : text).replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  const render = createTemplate(template);
  return {
    kind: "template",
    lines: (items) => {
      const lines = items.map(render);
      if (!isTable) return lines.map((line) => `${line}\n`).join("");
      return formatTable([heads(template), ...lines].map((line) => line.split("\t")));
    },
  };
}

/** "{{.ID}}\t{{.CreatedAt}}" → "ID\tCREATED AT". */
function heads(template: string): string {
  const fields = template.replace(/\{\{[^}]*?\.(\w+)[^}]*\}\}/g, (_all, name: string) => name.replace(/([a-z])([A-Z])/g, "$1 $2"));
  return fields.toUpperCase();
}
