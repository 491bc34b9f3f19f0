/**
 * /etc/ld.so.conf and what it includes, as ldconfig(8) reads them, and the one that our bases have. The loader never reads it: directories count only once the cache
 * lists what is in them.
 */
import type { ElfMachine } from "../elf/index.ts";
import { cleanTreePath, fromBytes, parentOf, treePath } from "../paths.ts";
import { followPath, type Tree } from "../tree/index.ts";
import { absolutePath } from "./image-paths.ts";
import { type ReadSmallFile, smallFiles } from "./small-file.ts";

const CONF = treePath("/etc/ld.so.conf");
const MAX_BYTES = 256 * 1024;
const MAX_FILES = 200;

/** /etc/ld.so.conf of our bases: Debian's own directories for local libraries first, then what packages name. */
export function ldConf(machine: ElfMachine): string {
  return [...localFolders(machine), "include /etc/ld.so.conf.d/*.conf", ""].join("\n");
}

/** Where libraries are that no package brings. */
export function localFolders({ triplet }: ElfMachine): readonly string[] {
  return ["/usr/local/lib", `/usr/local/lib/${triplet}`];
}

/**
 * The directories that ldconfig would look into, absolute, in its order. `text`: instead of the tree's own /etc/ld.so.conf. Each file counts once, and no more than 200 do.
 */
export async function ldConfFolders(tree: Tree, text?: string): Promise<readonly string[]> {
  const reading: Reading = { tree, read: smallFiles(tree), seen: new Set([CONF]), folders: [] };
  const bytes = text === undefined ? await reading.read(CONF, MAX_BYTES) : undefined;
  await addFolders(reading, text ?? (bytes === undefined ? "" : fromBytes(bytes)));
  return reading.folders;
}

interface Reading {
  readonly tree: Tree;
  readonly read: ReadSmallFile;
  readonly seen: Set<string>;
  readonly folders: string[];
}

async function addFolders(reading: Reading, text: string): Promise<void> {
  for (const line of text.split("\n")) {
    const words = line.replace(/#.*/, "").trim();
    const include = /^include\s+(.+)$/.exec(words)?.[1];
    if (include !== undefined) {
      for (const pattern of include.split(/\s+/))
        for (const path of matches(reading.tree, absolutePath(pattern, "/etc"))) await addFile(reading, path);
    } else if (words.startsWith("/")) reading.folders.push(words.replace(/\s*=.*/, "").replace(/(?!^)\/+$/, ""));
  }
}

async function addFile(reading: Reading, name: string): Promise<void> {
  const path = cleanTreePath(name);
  if (reading.seen.has(path) || reading.seen.size >= MAX_FILES) return;
  reading.seen.add(path);
  const bytes = await reading.read(path, MAX_BYTES);
  if (bytes !== undefined) await addFolders(reading, fromBytes(bytes));
}

/** Files of one directory by a pattern of its last part. */
function matches(tree: Tree, pattern: string): readonly string[] {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const folder = followPath(tree, parentOf(cleanTreePath(pattern)));
  if (folder?.entry?.kind !== "dir") return [];
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
