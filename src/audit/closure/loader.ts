/** The dynamic loader of an image: which one it is, what is built into it, and what the image tells it. */
import { type ElfMachine, parseLdCache } from "../../elf/index.ts";
import { environmentPath, fileAt, libcOfLoader, loaderFolders, workingDirectory } from "../../facts/index.ts";
import { fromBytes } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { glibcSearch } from "./search-glibc.ts";
import { muslSearch } from "./search-musl.ts";
import type { LibrarySearch } from "./types.ts";

/** Real ones have some hundred kilobytes. */
const MAX_LOADER = 8 * 1024 * 1024;
const MAX_CACHE = 16 * 1024 * 1024;
const MAX_PATH_FILE = 64 * 1024;
/** glibc's list of default directories: at least two, each with a slash and NUL at its end. Bounded, as the file is a stranger's. */
const BUILT_IN = /(?:\/(?:usr\/)?lib[A-Za-z0-9_/-]{0,80}\/\0){2,16}/g;
const MULTIARCH = /^\/lib\/([a-z0-9_]+-[a-z0-9_-]+)\/$/;

/** The search rules of the loader at `path`, whose file is `entry`. */
export async function librarySearch(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  loader: { readonly path: string; readonly entry: Entry },
): Promise<LibrarySearch> {
  const { config } = subject;
  const libraryPath = environmentPath(config.Env, "LD_LIBRARY_PATH");
  const place = { files, machine, libraryPath, workingDirectory: workingDirectory(config) };
  if (isMusl(loader.path, loader.entry)) {
    const file = fileAt(files, `/etc/ld-musl-${machine.musl}.path`);
    const bytes = file === undefined ? undefined : await files.read(file, MAX_PATH_FILE);
    const pathFile = bytes === undefined ? undefined : fromBytes(bytes).trim();
    return muslSearch({ ...place, pathFile, loader: loader.path });
  }
  const builtIn = await builtInFolders(files, machine, loader.entry);
  const cacheFile = fileAt(files, "/etc/ld.so.cache");
  const cacheBytes = cacheFile === undefined ? undefined : await files.read(cacheFile, MAX_CACHE);
  const cache = cacheBytes === undefined ? undefined : parseLdCache(cacheBytes, machine.endian);
  const triplet = MULTIARCH.exec(builtIn[0] ?? "")?.[1];
  return glibcSearch({
    ...place,
    defaultFolders: builtIn.map((folder) => folder.slice(0, -1)),
    lib: triplet === undefined ? machine.lib : `lib/${triplet}`,
    cache: cache ?? [],
  });
}

/** By name: musl's loader is called ld-musl-ARCH.so.1 everywhere, and so is the file that links to glibc's names lead to. */
function isMusl(path: string, entry: Entry): boolean {
  return libcOfLoader(path) === "musl" || libcOfLoader(entry.path) === "musl";
}

/** The default directories as they stand in the loader's file; those of Debian and of everybody else when it does not show them. */
async function builtInFolders(files: AuditFiles, machine: ElfMachine, loader: Entry): Promise<readonly string[]> {
  const bytes = await files.read(loader, MAX_LOADER);
  const lists = [...(bytes === undefined ? "" : fromBytes(bytes)).matchAll(BUILT_IN)].map(([list]) => list.split("\0").slice(0, -1));
  const best = lists.toSorted((one, other) => other.length - one.length)[0];
  if (best !== undefined) return best;
  const [first = "", second = "", ...others] = loaderFolders(machine);
  return [...new Set([first, second, `/${machine.lib}`, `/usr/${machine.lib}`, ...others])].map((folder) => `${folder}/`);
}
