/** What may have been meant by a path that is not there: another spelling, as file systems of other systems take it; a link to nowhere. */
import { cleanTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles } from "../types.ts";

/** Paths of all entries by their lower-case form. */
const byLowerCase = oncePerFiles<ReadonlyMap<string, TreePath>>();

/** The absolute path of an entry that differs from one of `paths` in upper and lower case only. */
export function similarPath(files: AuditFiles, paths: readonly string[]): string | undefined {
  const byLower = byLowerCase(files, () => new Map(files.entries.map(({ path }) => [path.toLowerCase(), path])));
  for (const path of paths) {
    const clean = cleanTreePath(path);
    const found = byLower.get(clean.toLowerCase());
    if (found !== undefined && found !== clean) return `/${found}`;
    // The directory may be reached by a link.
    const folder = files.resolve(parentOf(clean));
    const inside =
      folder === undefined || folder.path === ROOT
        ? undefined
        : byLower.get(`${folder.path}${clean.slice(clean.lastIndexOf("/"))}`.toLowerCase());
    if (inside !== undefined) return `/${inside}`;
  }
  return undefined;
}
