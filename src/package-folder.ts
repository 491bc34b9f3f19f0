/** Where the files are that come with Decant beside its code: recipes, completions. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The nearest folder above this code that has `member`, from the sources and from the bundle alike; undefined when the installation lacks it. */
export function packageFolder(member: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, member))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}
