/** Lists of paths for tests, as a COPY makes them. */
import { createSelectionLines, type PathLines } from "../file/selection-lines.ts";

/** Lines "path<TAB>facts<TAB>digest". */
export function pathLines(...lines: readonly string[]): PathLines | undefined {
  const made = createSelectionLines();
  for (const line of lines) made.add(line);
  return made.finish();
}
