/** One word of a shell script in its pieces: what is fixed, what a variable says, and what only a run would show. Pure. */
import { pieceEnd, ShellSyntaxError } from "./lex-shell.ts";

/** A piece of a word. */
export type ShellPiece =
  | { readonly kind: "text"; readonly text: string }
  /** $x or ${x}; `plain` unless in double quotes, where its spaces divide no words. */
  | { readonly kind: "variable"; readonly name: string; readonly plain: boolean; readonly text: string; readonly otherwise?: ShellDefault }
  /** $(…), `…`, ${x#y} and the like: what only a run would show. */
  | { readonly kind: "unknown"; readonly text: string };

/** ":-word" and the like of ${x:-word}: what stands for a variable that is not set, or for one that is. */
interface ShellDefault {
  readonly operator: "-" | "+" | ":-" | ":+" | "=" | ":=";
  /** As written. */
  readonly word: string;
}

/** The pieces of a word as written; texts that follow each other are one. Where a quote or bracket is open, the rest is unknown. */
export function wordPieces(word: string): ShellPiece[] {
  const pieces: ShellPiece[] = [];
  const add = (piece: ShellPiece): void => {
    const last = pieces.at(-1);
    if (piece.kind === "text" && last?.kind === "text") pieces.splice(-1, 1, { kind: "text", text: last.text + piece.text });
    else pieces.push(piece);
  };
  let inQuotes = false;
  for (let at = 0; at < word.length;) {
    const char = word.charAt(at);
    if (char === '"') {
      inQuotes = !inQuotes;
      // "" is a word.
      add({ kind: "text", text: "" });
      at += 1;
      continue;
    }
    const end = Math.min(endOf(word, at, inQuotes), word.length);
    add(pieceOf(word.slice(at, end), inQuotes));
    at = end;
  }
  return pieces;
}

function endOf(word: string, at: number, inQuotes: boolean): number {
  const char = word.charAt(at);
  if (char === "'" && inQuotes) return at + 1;
  if (char === "$" && /[\w#@*?!-]/.test(word.charAt(at + 1))) return nameEnd(word, at + 1);
  if (/[<>]/.test(char)) return word.length;
  try {
    return pieceEnd(word, at);
  } catch (error) {
    if (!(error instanceof ShellSyntaxError)) throw error;
    return word.length;
  }
}

/** A digit is a name of its own. */
function nameEnd(word: string, from: number): number {
  if (!/[A-Za-z_]/.test(word.charAt(from))) return from + 1;
  let end = from;
  while (end < word.length && /\w/.test(word.charAt(end))) end += 1;
  return end;
}

function pieceOf(text: string, inQuotes: boolean): ShellPiece {
  const [first] = text;
  if (first === "\\") {
    const escaped = text.slice(1);
    // In double quotes only these are meant by it.
    return { kind: "text", text: inQuotes && !/^["$\\`]/.test(escaped) ? text : escaped };
  }
  if (first === "'" && !inQuotes) return { kind: "text", text: text.slice(1, text.length > 1 ? -1 : undefined) };
  if ((first === "$" && text.length > 1) || first === "`" || first === "<" || first === ">") return variableOf(text, !inQuotes);
  return { kind: "text", text };
}

function variableOf(text: string, plain: boolean): ShellPiece {
  const name = /^\$(?:\{(\w+|[@*#])\}|(\w+|[@*#]))$/.exec(text);
  const found = name?.[1] ?? name?.[2];
  if (found !== undefined) return { kind: "variable", name: found, plain, text };
  const [, other, operator, word = ""] = /^\$\{(\w+)(:?[-+=])([^]*)\}$/.exec(text) ?? [];
  if (other === undefined || !isDefault(operator)) return { kind: "unknown", text };
  return { kind: "variable", name: other, plain, text, otherwise: { operator, word } };
}

function isDefault(operator: string | undefined): operator is ShellDefault["operator"] {
  return operator !== undefined && /^:?[-+=]$/.test(operator);
}
