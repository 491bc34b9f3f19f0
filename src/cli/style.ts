/** Colours and safe text for terminals. */
import { stripVTControlCharacters } from "node:util";

/** Wraps text in a colour, or leaves it. */
export type Paint = (text: string) => string;

/** The few colours in use. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Colours, or none. */
export function createStyle(enabled: boolean): Style {
  const paint = (open: number, close: number): Paint => (enabled ? (text) => `\u001b[${open}m${text}\u001b[${close}m` : (text) => text);
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39), cyan: paint(36, 39) };
}

/** A line that cannot move the cursor, set a title or ring: escape sequences go, a lone CR keeps what it would leave on screen, controls become U+FFFD. */
export function safeLine(text: string): string {
  const plain = text.includes("\u001b") ? stripVTControlCharacters(text) : text;
  const shown = plain.replace(/\r+$/, "");
  return (
    shown
      .slice(shown.lastIndexOf("\r") + 1)
      .replaceAll("\t", "    ")
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
  );
}

/** How many columns `text` takes: wide East Asian characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Cuts `text` to at most `columns` columns, the last one an ellipsis when something was cut. */
export function fit(text: string, columns: number): string {
  if (text.length <= columns && isAscii(text)) return text;
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let out = "";
  for (const char of text) {
    width += charWidth(char);
    if (width > columns - 1) break;
    out += char;
  }
  return columns > 0 ? `${out}…` : "";
}

/** `text` in lines of at most `columns` columns, broken at blanks; lines after the first are indented like a list's. A longer word is cut. */
export function wrap(text: string, columns: number): string[] {
  const indent = "   ";
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) +/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || displayWidth(longer) <= columns) line = longer;
    else {
      lines.push(fit(line, columns));
      line = indent + word;
    }
  }
  return [...lines, fit(line, columns)];
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(text);
}

const WIDE = /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]/u;

function charWidth(char: string): number {
  if (char < "\u0300") return 1;
  return ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}
