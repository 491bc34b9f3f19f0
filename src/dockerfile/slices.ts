/**
 * White space as BuildKit's parser knows it, and small helpers over slices of text.
 * Two sets exist on purpose: words are split at ASCII blanks, but trimmed and quoted words end at any Unicode space.
 */

/** White space of Unicode (Go's unicode.IsSpace). */
export function isSpace(code: number): boolean {
  if (code < 0x80) return code === 32 || (code >= 9 && code <= 13);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** What separates words of one line: space, tab, vertical tab, form feed, carriage return. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9 || (code >= 11 && code <= 13);
}

/** A part of a text: from `start` to just before `end`. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** `slice` without white space at its ends. */
export function trimSlice(text: string, slice: Slice): Slice {
  let { start, end } = slice;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return { start, end };
}

/** `text` without white space at its ends. */
export function trimSpace(text: string): string {
  const { start, end } = trimSlice(text, { start: 0, end: text.length });
  return text.slice(start, end);
}

/** The parts of `slice` between ASCII blanks. */
export function splitBlanks(text: string, slice: Slice): Slice[] {
  const words: Slice[] = [];
  let at = slice.start;
  while (at < slice.end) {
    while (at < slice.end && isBlank(text.charCodeAt(at))) at += 1;
    const start = at;
    while (at < slice.end && !isBlank(text.charCodeAt(at))) at += 1;
    if (at > start) words.push({ start, end: at });
  }
  return words;
}

/** Leading tabs of every line removed, as `<<-` does. */
export function chompTabs(text: string): string {
  return text.replace(/^\t+/gm, "");
}

/** `fields` without those that are undefined: optional means absent. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // Boundary: Object.entries forgets the keys' types; only entries with undefined are left out.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
