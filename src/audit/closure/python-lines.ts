/** Python source as logical lines: comments and contents of strings taken out, brackets and backslashes joined. No line is evaluated. */

/** One logical line. */
export interface PythonLine {
  /** Where it begins in the source. */
  readonly at: number;
  /** Columns of white space in front, a tab counting to the next eighth. */
  readonly indent: number;
  /** The line with empty strings. */
  readonly text: string;
  /** The contents of its strings, in order; f-strings and bytes too. */
  readonly strings: readonly string[];
}

const STRING = /[rRbBuUfFtT]{0,2}("""|'''|"|')/y;
const PLAIN = /[^\s"'#\\()[\]{}rRbBuUfFtT]+|[A-Za-z_]\w*/y;
const TAB = 8;

/** Reads a file. Unfinished strings and brackets end with it. */
export function pythonLines(source: string): readonly PythonLine[] {
  const lines: PythonLine[] = [];
  let text = "";
  let strings: string[] = [];
  let start = 0;
  let indent = 0;
  let depth = 0;
  let isStart = true;
  const end = (): void => {
    if (text.trim() !== "") lines.push({ at: start, indent, text: text.trim(), strings });
    text = "";
    strings = [];
    isStart = true;
  };
  for (let at = 0; at < source.length;) {
    const char = source.charAt(at);
    if (isStart && depth === 0) {
      start = at;
      const space = /[ \t\f]*/y;
      space.lastIndex = at;
      const found = space.exec(source)?.[0] ?? "";
      indent = columns(found);
      at += found.length;
      isStart = false;
      continue;
    }
    STRING.lastIndex = at;
    const quote = STRING.exec(source);
    if (quote !== null) {
      const close = closing(source, STRING.lastIndex, quote[1] ?? '"');
      strings.push(source.slice(STRING.lastIndex, close.start));
      text += '""';
      at = close.end;
      continue;
    }
    PLAIN.lastIndex = at;
    const plain = PLAIN.exec(source)?.[0];
    if (plain !== undefined) {
      text += plain;
      at += plain.length;
      continue;
    }
    at += 1;
    if (char === "#") {
      const newline = source.indexOf("\n", at);
      at = newline < 0 ? source.length : newline;
    } else if (char === "\\" && /[\r\n]/.test(source.charAt(at))) {
      at += source.startsWith("\r\n", at) ? 2 : 1;
      text += " ";
    } else if (char === "\n") {
      if (depth === 0) end();
      else text += " ";
    } else {
      if ("([{".includes(char)) depth += 1;
      if (")]}".includes(char)) depth = Math.max(0, depth - 1);
      text += char;
    }
  }
  end();
  return lines;
}

function columns(space: string): number {
  let column = 0;
  for (const char of space) column = char === "\t" ? (Math.floor(column / TAB) + 1) * TAB : char === "\f" ? 0 : column + 1;
  return column;
}

function closing(source: string, from: number, quote: string): { readonly start: number; readonly end: number } {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source.startsWith(quote, at)) return { start: at, end: at + quote.length };
    // A line ends what one quote began.
    else if (source[at] === "\n" && quote.length === 1) return { start: at, end: at };
  }
  return { start: source.length, end: source.length };
}
