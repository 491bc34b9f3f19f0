/** C libraries: which of them a tree has, and which a program needs. Heads of ELF files are read, never whole files. */
import { compareLibraryNames, type ElfMachine, elfMachineOf, machineName, treeElf } from "../elf/index.ts";
import { given } from "../given.ts";
import { baseName, displayPath, type TreePath, treePath } from "../paths.ts";
import { type Entry, followPath, type Tree } from "../tree/index.ts";
import { pathFiles } from "./image-paths.ts";
import type { Libc, LibcKind, LibcNeed } from "./types.ts";

const DIRECTORIES = ["lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib"].map(treePath);
const TRIPLET = /^[a-z0-9_]+-linux-gnu[a-z0-9]*$/;
const GLIBC_VERSION = /^GLIBC_(\d+)\.(\d+)(?:\.\d+)?$/;
/** The loader and libc of musl are one file: "ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1". */
const MUSL = /^(?:ld-musl-|libc\.musl-)[A-Za-z0-9_-]+\.so\.1$/;
/** What programs that were built on a machine with musl as its only libc say. */
const PLAIN_MUSL = "libc.so";
const GLIBC_LOADER = /^ld(?:-linux.*|64)?\.so\.\d+$/;

/** Programs name their loader by these paths. */
const LOADERS: ReadonlySet<string> = new Set(
  ["amd64", "386", "arm64", "arm", "ppc64le", "riscv64", "s390x", "loong64"].flatMap((architecture) => {
    const machine = elfMachineOf({ os: "linux", architecture });
    return machine === undefined ? [] : [machine.glibcLoader, muslLoader(machine)];
  }),
);

/** Where musl's loader is looked for by programs. */
export function muslLoader({ musl }: ElfMachine): string {
  return `/lib/ld-musl-${musl}.so.1`;
}

/** Whose loader a path or file name is that of; undefined for other loaders. */
export function libcOfLoader(path: string): LibcKind | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return MUSL.test(name) ? "musl" : GLIBC_LOADER.test(name) ? "glibc" : undefined;
}

/** The usual loaders that a tree has. */
export function findLoaders(tree: Tree): readonly string[] {
  const files = pathFiles(tree);
  return [...LOADERS].filter((path) => files.resolve(treePath(path))?.kind === "file");
}

/** The C libraries of a tree, with the version where `canRead` lets the file be read. */
export async function findLibcs(tree: Tree, canRead: (path: TreePath) => boolean): Promise<readonly Libc[]> {
  const libcs: Libc[] = [];
  const directories = DIRECTORIES.flatMap((directory) => {
    const real = followPath(tree, directory);
    if (real?.entry?.kind !== "dir") return [];
    const children = tree.readdir(real.path);
    return [
      children,
      ...children.filter(({ kind, path }) => kind === "dir" && TRIPLET.test(baseName(path))).map(({ path }) => tree.readdir(path)),
    ];
  });
  const entries = directories.flat();
  if (entries.some(({ path }) => MUSL.test(baseName(path)))) libcs.push({ kind: "musl" });
  const glibc = entries.find(({ path }) => baseName(path) === "libc.so.6");
  if (glibc !== undefined) {
    const file = followPath(tree, glibc.path);
    const elf = file?.entry === undefined || !canRead(file.path) ? undefined : await treeElf(tree, file.entry);
    const version = newest(elf?.versionDefinitions ?? []);
    libcs.push({ kind: "glibc", ...given({ version }) });
  }
  return libcs;
}

/** What a program or library needs of a C library; undefined where it needs none, or is no ELF file. */
export async function libcNeed(tree: Tree, entry: Entry): Promise<LibcNeed | undefined> {
  const elf = await treeElf(tree, entry);
  if (elf === undefined || !elf.isDynamic) return undefined;
  const about = { path: displayPath(entry.path), architecture: machineName(elf) };
  // Another loader brings its own libraries: nothing is known of them.
  if (elf.interpreter !== undefined && !LOADERS.has(elf.interpreter)) return undefined;
  const loader = given({ loader: elf.interpreter });
  if (elf.needed.includes("libc.so.6")) {
    // Of all its libraries: libm has versions of its own.
    const wanted = elf.versionNeeds.flatMap(({ versions }) => versions.filter(({ weak }) => !weak));
    const version = newest(wanted.map(({ name }) => name));
    return { ...about, kind: "glibc", ...loader, ...given({ version }) };
  }
  const isMusl =
    elf.needed.some((name) => name === PLAIN_MUSL || libcOfLoader(name) === "musl") || libcOfLoader(elf.interpreter ?? "") === "musl";
  return isMusl ? { ...about, kind: "musl", ...loader } : undefined;
}

function newest(versions: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const name of versions) {
    const match = GLIBC_VERSION.exec(name);
    const version = match === null ? undefined : `${Number(match[1])}.${Number(match[2])}`;
    if (version !== undefined && (found === undefined || compareLibraryNames(version, found) > 0)) found = version;
  }
  return found;
}
