/** C libraries: which of them a tree has, and which a program needs. Heads of ELF files are read, never whole files. */
import { isNewerVersion, type Libc, type LibcNeed } from "../../dockerfile/index.ts";
import { type ElfFile, elfMachineOf, machineName, readElf, treeElfReader } from "../../elf/index.ts";
import { isDecantError } from "../../errors.ts";
import { baseName, type TreePath, treePath, displayPath } from "../../paths.ts";
import { type Entry, type Tree, followPath } from "../../tree/index.ts";

const DIRECTORIES = ["lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib"].map(treePath);
const TRIPLET = /^[a-z0-9_]+-linux-gnu[a-z0-9]*$/;
const GLIBC_VERSION = /^GLIBC_(\d+)\.(\d+)(?:\.\d+)?$/;
/** "ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1" */
const MUSL_LOADER = /^ld-musl-[a-z0-9_]+\.so\.1$/;
const MUSL_LIBRARY = /^(?:libc\.musl-[a-z0-9_]+\.so\.1|libc\.so)$/;

/** Programs name their loader by these paths. */
const LOADERS: ReadonlySet<string> = new Set(
  ["amd64", "386", "arm64", "arm", "ppc64le", "riscv64", "s390x", "loong64"].flatMap((architecture) => {
    const machine = elfMachineOf({ os: "linux", architecture });
    return machine === undefined ? [] : [machine.glibcLoader, `/lib/ld-musl-${machine.musl}.so.1`];
  }),
);

/** The usual loaders that a tree has. */
export function findLoaders(tree: Tree): readonly string[] {
  return [...LOADERS].filter((path) => followPath(tree, treePath(path))?.entry?.kind === "file");
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
  if (entries.some(({ path }) => MUSL_LOADER.test(baseName(path)))) libcs.push({ kind: "musl" });
  const glibc = entries.find(({ path }) => baseName(path) === "libc.so.6");
  if (glibc !== undefined) {
    const file = followPath(tree, glibc.path)?.path;
    const elf = file === undefined || !canRead(file) ? undefined : await elfOf(tree, file);
    const version = newest(elf?.versionDefinitions ?? []);
    libcs.push({ kind: "glibc", ...(version === undefined ? {} : { version }) });
  }
  return libcs;
}

/** What a program or library needs of a C library; undefined where it needs none, or is no ELF file. */
export async function libcNeed(tree: Tree, entry: Entry): Promise<LibcNeed | undefined> {
  const elf = await elfOf(tree, entry.path);
  if (elf === undefined || !elf.isDynamic) return undefined;
  const about = { path: displayPath(entry.path), architecture: machineName(elf) };
  // Another loader brings its own libraries: nothing is known of them.
  if (elf.interpreter !== undefined && !LOADERS.has(elf.interpreter)) return undefined;
  const loader = elf.interpreter === undefined ? {} : { loader: elf.interpreter };
  if (elf.needed.includes("libc.so.6")) {
    // Of all its libraries: libm has versions of its own.
    const wanted = elf.versionNeeds.flatMap(({ versions }) => versions.filter(({ weak }) => !weak));
    const version = newest(wanted.map(({ name }) => name));
    return { ...about, kind: "glibc", ...loader, ...(version === undefined ? {} : { version }) };
  }
  const isMusl = elf.needed.some((name) => MUSL_LIBRARY.test(name)) || MUSL_LOADER.test((elf.interpreter ?? "").replace(/^.*\//, ""));
  return isMusl ? { ...about, kind: "musl", ...loader } : undefined;
}

async function elfOf(tree: Tree, path: TreePath): Promise<ElfFile | undefined> {
  const file = followPath(tree, path);
  if (file?.entry?.kind !== "file") return undefined;
  try {
    return await readElf(await treeElfReader(tree, file.entry));
  } catch (error) {
    // A damaged file is for `decant audit` to tell.
    if (isDecantError(error, "ELF")) return undefined;
    throw error;
  }
}

function newest(versions: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const name of versions) {
    const match = GLIBC_VERSION.exec(name);
    const version = match === null ? undefined : `${Number(match[1])}.${Number(match[2])}`;
    if (version !== undefined && (found === undefined || isNewerVersion(version, found))) found = version;
  }
  return found;
}
