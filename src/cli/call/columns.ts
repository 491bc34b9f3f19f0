/** Columns of text, each as wide as its widest cell and a gap; the last cell of a row is not padded. */
import { displayWidth, safeLine } from "../style.ts";

/** The rows as lines; `gap` is the number of blanks between columns. Empty cells at the end keep the padding, as buildx does. */
export function columns(rows: readonly (readonly string[])[], gap: number): string[] {
  const safe = rows.map((row) => row.map(safeLine));
  const widths: number[] = [];
  for (const row of safe) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell));
  return safe.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) + gap - displayWidth(cell)))).join(""),
  );
}
