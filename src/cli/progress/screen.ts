/**
 * Redraws a few lines at the bottom of a terminal in place: finished lines are written once and scroll away, of the live ones only
 * those that changed are written again. Pure: gives the bytes to write.
 */

/** A region at the bottom of the terminal. */
interface Screen {
  /** The text that makes the screen show `finished` above `live`. No line may be wider than the terminal, nor hold a newline. */
  draw(finished: readonly string[], live: readonly string[]): string;
}

/** Makes a screen below the cursor, which is at the start of a line. */
export function createScreen(): Screen {
  let shown: readonly string[] = [];
  return {
    draw(finished, live) {
      if (finished.length === 0 && same(shown, live)) return "";
      let out = shown.length === 0 ? "" : `\u001b[${shown.length}A\r`;
      for (const line of finished) out += `\u001b[K${line}\n`;
      for (const [at, line] of live.entries()) {
        // With finished lines above, everything has moved.
        out += finished.length === 0 && shown[at] === line ? "\n" : `\u001b[K${line}\n`;
      }
      if (live.length + finished.length < shown.length) out += "\u001b[J";
      shown = [...live];
      return out;
    },
  };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}
