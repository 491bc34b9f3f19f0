/**
 * Redraws a few lines at the bottom of a terminal in place: finished lines are written once and scroll away, of the live ones only
 * those that changed are written again. Pure: gives the bytes to write.
 */
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "../style.ts";

/** A region at the bottom of the terminal. */
interface Screen {
  /** The text that makes the screen show `finished` above `live`. No line may be wider than the terminal's `columns`, nor hold a newline. */
  draw(finished: readonly string[], live: readonly string[], columns: number): string;
}

/** Makes a screen below the cursor, which is at the start of a line. */
export function createScreen(): Screen {
  let shown: readonly string[] = [];
  let shownColumns = 0;
  return {
    draw(finished, live, columns) {
      const isResized = columns !== shownColumns;
      if (finished.length === 0 && same(shown, live) && !isResized) return "";
      let out = "";
      if (shown.length > 0) out = `\u001b[${isResized ? rowsIn(shown, columns) : shown.length}A\r`;
      // Nothing is where it was.
      if (isResized && shown.length > 0) out += "\u001b[J";
      for (const line of finished) out += `\u001b[K${line}\n`;
      for (const [at, line] of live.entries()) {
        // With finished lines above, everything has moved.
        out += finished.length === 0 && !isResized && shown[at] === line ? "\n" : `\u001b[K${line}\n`;
      }
      if (live.length + finished.length < shown.length) out += "\u001b[J";
      shown = [...live];
      shownColumns = columns;
      return out;
    },
  };
}

/** A terminal that becomes narrower breaks the lines that it shows. */
function rowsIn(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(displayWidth(stripVTControlCharacters(line)) / columns)), 0);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}
