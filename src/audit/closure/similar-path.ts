/** What may have been meant by a path that is not there: another spelling, as file systems of other systems take it; a link to nowhere. */
import { cleanTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { AuditFiles } from "../types.ts";

const known = new WeakMap<AuditFiles, ReadonlyMap<string, TreePath>>();

/** The absolute path of an entry that differs from one of `paths` in upper and lower case only. */
export function similarPath(files: AuditFiles, paths: readonly string[]): string | undefined {
  const byLower = lowerCase(files);
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

function lowerCase(files: AuditFiles): ReadonlyMap<string, TreePath> {
  const existing = known.get(files);
  if (existing !== undefined) return existing;
  const made = new Map(files.entries.map(({ path }) => [path.toLowerCase(), path]));
  known.set(files, made);
  return made;
}
