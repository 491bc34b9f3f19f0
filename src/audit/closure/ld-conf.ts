/** /etc/ld.so.conf and what it includes, as ldconfig reads them. The loader never does: directories count only once ldconfig has made the cache. */
import { cleanTreePath, fromBytes, parentOf } from "../../paths.ts";
import type { Tree } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { absolutePath, fileAt } from "./image-paths.ts";

const MAX_BYTES = 256 * 1024;
const MAX_FILES = 200;

/** The directories that ldconfig would look into, absolute. */
export async function ldConfFolders(tree: Tree, files: AuditFiles): Promise<readonly string[]> {
  const folders: string[] = [];
  const seen = new Set<string>();
  const queue = ["/etc/ld.so.conf"];
  for (let path = queue.shift(); path !== undefined && seen.size < MAX_FILES; path = queue.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const entry = fileAt(files, path);
    const bytes = entry === undefined ? undefined : await files.read(entry, MAX_BYTES);
    for (const line of (bytes === undefined ? "" : fromBytes(bytes)).split("\n")) {
      const text = line.replace(/#.*/, "").trim();
      const include = /^include\s+(.+)$/.exec(text)?.[1];
      if (include !== undefined)
        queue.push(...include.split(/\s+/).flatMap((pattern) => matches(tree, files, absolutePath(pattern, "/etc"))));
      else if (text.startsWith("/")) folders.push(text.replace(/\s*=.*/, "").replace(/(?!^)\/+$/, ""));
    }
  }
  return folders;
}

/** Files of one directory by a pattern of its last part. */
function matches(tree: Tree, files: AuditFiles, pattern: string): readonly string[] {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const folder = files.resolve(parentOf(cleanTreePath(pattern)));
  if (folder?.kind !== "dir") return [];
  const name = pattern.slice(pattern.lastIndexOf("/") + 1);
  return tree
    .readdir(folder.path)
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1))
    .filter((one) => matchesName(one, name))
    .map((one) => `/${folder.path}/${one}`);
}

/** "*" and "?" only; both are all that these files use. Not by a regular expression: a stranger's pattern may have any number of stars. */
function matchesName(name: string, pattern: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern;
      retry = at;
      inPattern += 1;
    } else if (wanted === "?" || wanted === name[at]) {
      at += 1;
      inPattern += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      inPattern = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
