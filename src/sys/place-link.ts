/** Links among the user's own settings, which are no entries of a layer. */
import { rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "./make-folders.ts";

/** Makes the symlink `path` to `target`, with the folders above it, in the place of a link that is there. Throws Node's errors. */
export function placeLink(path: string, target: string): void {
  makeFolders(dirname(path));
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
