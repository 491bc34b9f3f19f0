/** The words of a simple command of a shell script, in one pass: a stranger's script may be anything. Pure. */

/** A piece of a word. */
export type ShellPiece =
  | { readonly kind: "text"; readonly text: string }
  /** $x or ${x}; `plain` unless in double quotes, where its spaces divide no words. */
  | { readonly kind: "variable"; readonly name: string; readonly plain: boolean; readonly text: string }
  /** $(…), `…`, ${x#y} and the like: what only a run would show. */
  | { readonly kind: "unknown"; readonly text: string };

/** Words at spaces outside of quotes. An open quote or bracket ends with the text. */
export function shellWords(text: string): ShellPiece[][] {
  const words: ShellPiece[][] = [];
  let word: ShellPiece[] | undefined;
  let inQuotes = false;
  const add = (piece: ShellPiece): void => {
    const last = word?.at(-1);
    if (piece.kind === "text" && last?.kind === "text") word?.splice(-1, 1, { kind: "text", text: last.text + piece.text });
    else (word ??= []).push(piece);
  };
  const closer = closerOf(text);
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    const rest = text.charAt(at + 1);
    let end = at + 1;
    if (!inQuotes && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '"') {
      inQuotes = !inQuotes;
      add({ kind: "text", text: "" });
    } else if (char === "'" && !inQuotes) {
      const stop = closer("'", at + 1);
      end = stop + 1;
      add({ kind: "text", text: text.slice(at + 1, stop) });
    } else if (char === "\\" && at + 1 < text.length) {
      end = at + 2;
      add({ kind: "text", text: rest });
    } else if (char === "`" || (char === "$" && (rest === "(" || rest === "{"))) {
      // An empty `` closes at once.
      end = closer(char === "`" ? "`" : rest === "(" ? ")" : "}", at + (char === "`" ? 1 : 2)) + 1;
      add(variableOf(text.slice(at, end), !inQuotes));
    } else if (char === "$" && /[\w#@*?$!-]/.test(rest)) {
      end = endOfName(text, at + 1);
      add(variableOf(text.slice(at, end), !inQuotes));
    } else {
      add({ kind: "text", text: char });
    }
    at = end;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Where the next closing character is, or the end; looks for one that is missing only once. */
function closerOf(text: string): (char: string, from: number) => number {
  const missing = new Set<string>();
  return (char, from) => {
    const at = missing.has(char) ? -1 : text.indexOf(char, from);
    if (at < 0) missing.add(char);
    return at < 0 ? text.length : at;
  };
}

function endOfName(text: string, from: number): number {
  let end = from;
  while (end < text.length && /\w/.test(text.charAt(end))) end += 1;
  return Math.max(end, from + 1);
}

function variableOf(text: string, plain: boolean): ShellPiece {
  const name = /^\$(?:\{(\w+)\}|(\w+))$/.exec(text);
  const found = name?.[1] ?? name?.[2];
  return found === undefined ? { kind: "unknown", text } : { kind: "variable", name: found, plain, text };
}
