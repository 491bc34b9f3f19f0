/** Links that update-alternatives(1) would make, told from the command. There is no choice to be made in an image, so they lead to their target at once. */
import type { ScriptCommand } from "./read-script.ts";

/** One link. */
export interface Alternative {
  /** Absolute. */
  readonly link: string;
  /** Absolute. */
  readonly target: string;
  /** The highest wins. */
  readonly priority: number;
}

/** Undefined for a command that installs nothing; empty when its words depend on what only a run would show. Slaves come after their master. */
export function alternativesOf({ words }: ScriptCommand): readonly Alternative[] | undefined {
  const start = words.findIndex(({ text }) => text === "--install");
  if (start < 0) return undefined;
  const [link, name, target, rank] = words.slice(start + 1);
  const priority = Number(rank?.text);
  if (!isPath(link) || name?.known !== true || !isPath(target) || !Number.isInteger(priority)) return [];
  const found: Alternative[] = [{ link: link.text, target: target.text, priority }];
  for (let at = start + 5; at < words.length; at += 1) {
    if (words[at]?.text !== "--slave") continue;
    const [slave, , its] = words.slice(at + 1);
    if (isPath(slave) && isPath(its)) found.push({ link: slave.text, target: its.text, priority });
  }
  return found;
}

function isPath(
  word: { readonly text: string; readonly known: boolean } | undefined,
): word is { readonly text: string; readonly known: true } {
  return word?.known === true && /^\/[^\0\n]+$/.test(word.text);
}
