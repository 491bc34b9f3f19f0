/** What ldconfig(8) would put into /etc/ld.so.cache of a tree. */
import { cacheFlags, type CachedLibrary, compareLibraryNames, type ElfMachine, isForMachine, treeElf } from "../elf/index.ts";
import { baseName, joinTreePath, type TreePath, treePath } from "../paths.ts";
import { type Entry, followPath, type Tree } from "../tree/index.ts";
import { ldConfFolders } from "./ld-conf.ts";

/** How libraries are looked for. */
interface FindLibrariesOptions {
  /** The text of /etc/ld.so.conf. Default: the tree's own. */
  readonly conf?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The libraries of the directories of /etc/ld.so.conf and of the loader's own, in this order. Like ldconfig, names a library by its
 * soname, and of files with one soname in one directory takes the file over the link and the newer over the older. Empty for an
 * architecture that has no cache.
 */
export async function findLibraries(
  tree: Tree,
  machine: ElfMachine,
  { conf, signal }: FindLibrariesOptions = {},
): Promise<CachedLibrary[]> {
  const flags = cacheFlags(machine);
  if (flags === undefined) return [];
  const seen = new Set<TreePath>();
  const found: CachedLibrary[] = [];
  for (const directory of [...(await ldConfFolders(tree, conf)), ...loaderFolders(machine)]) {
    signal?.throwIfAborted();
    const real = followPath(tree, treePath(directory));
    if (real?.entry?.kind !== "dir" || seen.has(real.path)) continue;
    seen.add(real.path);
    for (const library of await inDirectory(tree, real.path, machine))
      found.push({ ...library, path: `${directory}/${library.path}`, flags });
  }
  return found;
}

/** The directories that Debian's loader has built in, in its order. */
export function loaderFolders({ triplet }: ElfMachine): readonly string[] {
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib", "/usr/lib"];
}

interface Candidate {
  readonly soname: string;
  /** The name in the directory. */
  readonly name: string;
  /** An entry of the link's own name. */
  readonly isLink: boolean;
}

/** Sonames, with the file's name in the directory as `path`. */
async function inDirectory(tree: Tree, directory: TreePath, machine: ElfMachine): Promise<{ soname: string; path: string }[]> {
  const bySoname = new Map<string, Candidate>();
  for (const entry of tree.readdir(directory)) {
    if (!isLibraryName(baseName(entry.path))) continue;
    const candidate = await candidateOf(tree, entry, machine);
    if (candidate === undefined) continue;
    const known = bySoname.get(candidate.soname);
    if (known === undefined || isBetter(candidate, known)) bySoname.set(candidate.soname, candidate);
  }
  // The link of the soname's name outlives an update of the file; it is there in all packages.
  return [...bySoname].map(([soname, { name }]) => ({
    soname,
    path: tree.lookup(joinTreePath(directory, soname)) === undefined ? name : soname,
  }));
}

function isLibraryName(name: string): boolean {
  return /^(?:lib|ld-|ld64\.so)/.test(name) && name.includes(".so") && !/\.dpkg-(?:new|tmp)$/.test(name);
}

function isBetter(one: Candidate, known: Candidate): boolean {
  return one.isLink === known.isLink ? compareLibraryNames(known.name, one.name) < 0 : !one.isLink;
}

/** What the cache would have of a file or link; undefined for what is no library of this architecture. */
async function candidateOf(tree: Tree, entry: Entry, machine: ElfMachine): Promise<Candidate | undefined> {
  const target = entry.kind === "symlink" ? followPath(tree, entry.path)?.entry : entry;
  // Damaged files are for the audit; ldconfig passes over them, too.
  const elf = target === undefined ? undefined : await treeElf(tree, target);
  if (target === undefined || elf === undefined || !elf.isDynamic || elf.type !== "shared" || !isForMachine(elf, machine)) return undefined;
  const name = baseName(entry.path);
  const soname = elf.soname ?? baseName(target.path);
  if (!/^[^/\0]{1,255}$/.test(soname)) return undefined;
  const isLink = entry.kind === "symlink" && isForLinking(name, soname);
  return { soname: isLink ? name : soname, name, isLink };
}

/** Is a link of this name one of the soname's name, or one for ld(1) such as libz.so? ldconfig gives it an entry of its own name. */
function isForLinking(name: string, soname: string): boolean {
  return name === soname || (name.endsWith(".so") && soname.startsWith(name));
}
