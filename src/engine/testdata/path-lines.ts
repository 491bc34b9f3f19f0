/** Lists of paths for tests, as a COPY makes them. */
import { ROOT, treePath } from "../../paths.ts";
import { createSelectionLines, type PathLines } from "../file/selection-lines.ts";

/** Lines "path<TAB>facts<TAB>digest", and "<TAB>linked to PATH" where it is another name of a file before it. */
export function pathLines(...lines: readonly string[]): PathLines | undefined {
  const made = createSelectionLines();
  for (const line of lines) {
    const [path = "", facts = "", content = "", linked = ""] = line.split("\t");
    made.add({ root: ROOT, relative: treePath(path), facts, content, linkedTo: linked.replace("linked to ", "") });
  }
  return made.finish();
}
