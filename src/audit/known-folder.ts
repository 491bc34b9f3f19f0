/** Directories at the level at which people know them. */
import type { TreePath } from "../paths.ts";

/** "usr/lib/x" of "usr/lib/x/y", "app/dist" of "app/dist/a.js": two parts, three below usr and var. */
export function knownFolder(path: TreePath): TreePath {
  const parts = path.split("/");
  const depth = parts[0] === "usr" || parts[0] === "var" ? 3 : 2;
  return parts.slice(0, Math.max(1, Math.min(depth, parts.length - 1))).join("/") as TreePath;
}
