/**
 * Redraws a few lines at the bottom of a terminal in place: finished lines are written once and scroll away, of the live ones only
 * those that changed are written again. Pure: gives the bytes to write.
 */

/** What a terminal shows. */
interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** A region at the bottom of the terminal. */
interface Screen {
  /**
   * The text that makes the screen show `finished` above `live`. No line may be wider than `columns`, nor hold a newline. `last` gives the last so
   * many finished lines, those of `finished` among them: for a screen that must be drawn anew.
   */
  draw(finished: readonly string[], live: readonly string[], size: ScreenSize, last: (count: number) => readonly string[]): string;
}

/** Makes a screen below the cursor, which is at the start of a line. */
export function createScreen(): Screen {
  let shown: readonly string[] = [];
  let shownSize: ScreenSize = { columns: 0, rows: 0 };
  /** Lines have been broken: what scrolled away then may come back when the terminal grows. */
  let isTorn = false;
  return {
    draw(finished, live, size, last) {
      const isResized = size.columns !== shownSize.columns || size.rows !== shownSize.rows;
      if (finished.length === 0 && same(shown, live) && !isResized) return "";
      isTorn ||= shown.length > 0 && (size.columns < shownSize.columns || size.rows <= shown.length);
      let out = "";
      if (isResized && isTorn && shown.length > 0) {
        out = anew([...last(Math.max(finished.length, size.rows - 1 - live.length)), ...live]);
      } else {
        if (shown.length > 0) out = `\u001b[${shown.length}A\r`;
        // Nothing is where it was.
        if (isResized && shown.length > 0) out += "\u001b[J";
        for (const line of finished) out += `\u001b[K${line}\n`;
        for (const [at, line] of live.entries()) {
          // With finished lines above, everything has moved.
          out += finished.length === 0 && !isResized && shown[at] === line ? "\n" : `\u001b[K${line}\n`;
        }
        if (live.length + finished.length < shown.length) out += "\u001b[J";
      }
      shown = [...live];
      shownSize = size;
      return out;
    },
  };
}

/**
 * The whole screen, from its first row on. A terminal that becomes narrower breaks the lines that it shows, or cuts them, and tells of it later: what
 * was drawn meanwhile stands anywhere.
 */
function anew(lines: readonly string[]): string {
  return `\u001b[H\u001b[J${lines.map((line) => `${line}\n`).join("")}`;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}
