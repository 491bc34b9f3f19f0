/** Where the files are that come with Decant beside its code: recipes, completions. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder of this package, from the sources and from the bundle alike; undefined when the installation lacks `member` there. A folder above it is
 * somebody else's, whatever it has. `from`: a folder of the package, default that of this code.
 */
export function packageFolder(member: string, from: string = import.meta.dirname): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return existsSync(join(folder, member)) ? folder : undefined;
    if (dirname(folder) === folder) return undefined;
  }
}
