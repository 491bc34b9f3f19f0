/** Lines of a file around a place, in the form in which docker buildx shows them. */
import type { SourceFile } from "../../index.ts";
import { safeLine } from "../style.ts";

const RULE = "-".repeat(20);

/** Two lines on both sides where there are so many, at least; lines `first` to `last` are marked. */
export function buildxExcerpt(file: SourceFile, { first, last }: { readonly first: number; readonly last: number }): string[] {
  const lines = file.text.split("\n");
  let from = first;
  let to = Math.min(last, lines.length);
  // One line needs more around it to be understood than several do.
  const wanted = first === last ? 4 : 2;
  for (let shown = 0; shown < wanted; shown += 1) {
    if (from > 1) {
      from -= 1;
      shown += 1;
    }
    if (to < lines.length) {
      to += 1;
      shown += 1;
    }
  }
  const body = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index;
    return ` ${String(number).padStart(3)} | ${number >= first && number <= last ? ">>>" : "   "} ${safeLine(line)}`;
  });
  return [`${safeLine(file.name)}:${first}`, RULE, ...body, RULE];
}
