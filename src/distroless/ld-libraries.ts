/** Which libraries ldconfig(8) would put into /etc/ld.so.cache of a tree, and the /etc/ld.so.conf that says where it looks. */
import { type ElfMachine, isForMachine, readElf, treeElfReader } from "../elf/index.ts";
import { collect } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { baseName, fromBytes, joinTreePath, treePath, type TreePath } from "../paths.ts";
import { type Entry, readEntry, type Tree, followPath } from "../tree/index.ts";
import { cacheFlags, type CachedLibrary, compareLibraryNames } from "./ld-cache.ts";

const MAX_CONF_BYTES = 1024 * 1024;
const INCLUDED = treePath("/etc/ld.so.conf.d");

/** /etc/ld.so.conf: Debian's own directories for local libraries first, then what packages name. */
export function ldConf(machine: ElfMachine): string {
  return `${[...localDirectories(machine), "include /etc/ld.so.conf.d/*.conf"].join("\n")}\n`;
}

/**
 * The libraries of the directories of `ldConf`, of /etc/ld.so.conf.d, and of the loader's own, in this order. Like ldconfig, names a library by its
 * soname, and of files with one soname in one directory takes the file over the link and the newer over the older. Empty for an
 * architecture that has no cache.
 */
export async function findLibraries(tree: Tree, machine: ElfMachine, signal?: AbortSignal): Promise<CachedLibrary[]> {
  const flags = cacheFlags(machine);
  if (flags === undefined) return [];
  const seen = new Set<TreePath>();
  const found: CachedLibrary[] = [];
  for (const directory of await searchDirectories(tree, machine)) {
    signal?.throwIfAborted();
    const real = followPath(tree, treePath(directory));
    if (real?.entry?.kind !== "dir" || seen.has(real.path)) continue;
    seen.add(real.path);
    for (const library of await inDirectory(tree, real.path, machine))
      found.push({ ...library, path: `${directory}/${library.path}`, flags });
  }
  return found;
}

function localDirectories({ triplet }: ElfMachine): string[] {
  return ["/usr/local/lib", `/usr/local/lib/${triplet}`];
}

async function searchDirectories(tree: Tree, machine: ElfMachine): Promise<string[]> {
  const { triplet } = machine;
  const included: string[] = [];
  for (const entry of tree.readdir(INCLUDED)) {
    if (entry.kind !== "file" || !entry.path.endsWith(".conf") || entry.size > MAX_CONF_BYTES) continue;
    const text = fromBytes(await collect(readEntry(tree, entry), MAX_CONF_BYTES));
    const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
    // Directories only: an include in an included file is unheard of in packages.
    included.push(...lines.filter((line) => line.startsWith("/")).map((line) => line.replace(/\/+$/, "")));
  }
  const builtin = [`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib", "/usr/lib"];
  return [...localDirectories(machine), ...included, ...builtin];
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
  if (target?.kind !== "file") return undefined;
  const elf = await readElf(await treeElfReader(tree, target)).catch((error: unknown) => {
    // Damaged files are for the audit; ldconfig passes over them, too.
    if (isDecantError(error, "ELF")) return undefined;
    throw error;
  });
  if (elf === undefined || !elf.isDynamic || elf.type !== "shared" || !isForMachine(elf, machine)) return undefined;
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
