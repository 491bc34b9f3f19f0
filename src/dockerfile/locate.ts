/** From offsets in a text to lines and columns, by binary search over the starts of its lines. */
import type { SourceFile, SourcePosition, SourceRange } from "../source.ts";

/** Finds places in one file. */
export interface Locator {
  readonly file: SourceFile;
  /** Offset of the first character of each line; line 1 is at index 0. */
  readonly lineStarts: readonly number[];
  position(offset: number): SourcePosition;
  range(start: number, end: number): SourceRange;
}

/** Indexes the lines of `file` ("\n" ends a line). */
export function createLocator(file: SourceFile): Locator {
  const { text } = file;
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);

  // Places are asked for in the order of the text, mostly.
  let recent = 0;
  const position = (offset: number): SourcePosition => {
    const recentStart = lineStarts[recent] ?? 0;
    if (offset >= recentStart && offset < (lineStarts[recent + 1] ?? Infinity))
      return { line: recent + 1, column: offset - recentStart + 1 };
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    recent = low;
    return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
  };
  return {
    file,
    lineStarts,
    position,
    range: (start, end) => ({ file, start: position(start), end: position(Math.max(start, end)) }),
  };
}
