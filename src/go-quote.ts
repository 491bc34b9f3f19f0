/** Texts as Go quotes them: in histories and in messages of BuildKit. */

/** Go's %q of a string. */
export function goQuote(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = SHORT_ESCAPES.get(char);
    if (short !== undefined) out += short;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    // All of ASCII that is left can be printed; the classes of Unicode take 2 ms to compile.
    else if (code >= 0x80 && isUnprintable(char))
      out += code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    else out += char;
  }
  return `${out}"`;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** Go's strconv.IsPrint beyond ASCII: letters, marks, numbers, punctuation and symbols. */
function isUnprintable(char: string): boolean {
  return !/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char);
}
