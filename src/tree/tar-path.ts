/** Names from archives → TreePaths that stay inside the root (rule S129). Bytes form throughout. */
import type { TreePath } from "../paths.ts";
import { ROOT } from "../paths.ts";
import { pathEscape, tarError } from "./errors.ts";

/** What Linux can hold: PATH_MAX without its NUL, and NAME_MAX. */
const MAX_PATH = 4095;
const MAX_NAME = 255;
/** An empty part, "." or "..". */
const ODD_PART = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * Cleans the name of an entry: leading "./" and "/" and a trailing "/" go. Throws `PATH_ESCAPE` for one that leaves the root by "..",
 * and `TAR` for one that no Linux file system can hold.
 */
export function archivePath(name: string): TreePath {
  const { length } = name;
  if (length > MAX_PATH) throw tarError(`its name has ${length} bytes; at most ${MAX_PATH} are possible`, `${name.slice(0, 60)}…`);
  let start = 0;
  let end = length;
  while (start < end && (name.charCodeAt(start) === 47 || (name.charCodeAt(start) === 46 && name.charCodeAt(start + 1) === 47))) start += 1;
  while (end > start && name.charCodeAt(end - 1) === 47) end -= 1;
  const stripped = start === 0 && end === length ? name : name.slice(start, end);
  if (stripped === "") return ROOT;
  if (stripped.includes("\0")) throw tarError("its name has a NUL byte", name);
  const path = ODD_PART.test(stripped) ? clean(stripped) : stripped;
  if (path.length > MAX_NAME) {
    for (const part of path.split("/")) {
      if (part.length > MAX_NAME)
        throw tarError(`a part of its name has ${part.length} bytes; at most ${MAX_NAME} are possible`, `${part.slice(0, 60)}…`);
    }
  }
  return path as TreePath;
}

function clean(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw pathEscape(name);
  }
  return parts.join("/");
}

/** The target of a symlink: kept as written. Throws `TAR` when no file system can hold it. */
export function symlinkTarget(target: string, name: string): string {
  if (target === "") throw tarError("a symlink without a target", name);
  if (target.length > MAX_PATH) throw tarError(`its symlink target has ${target.length} bytes; at most ${MAX_PATH} are possible`, name);
  if (target.includes("\0")) throw tarError("its symlink target has a NUL byte", name);
  return target;
}
