/**
 * Where musl's loader looks for a library (musl, ldso/dynlink.c): LD_LIBRARY_PATH, the search paths of the object and of those that needed it,
 * then /etc/ld-musl-ARCH.path or three default directories. The first file of the name is taken, whatever it is.
 */
import type { ElfMachine } from "../../elf/index.ts";
import { absolutePath, folderOf, lastPart } from "../../facts/index.ts";
import type { AuditFiles } from "../types.ts";
import { firstLibrary } from "./candidates.ts";
import { expandOrigin, searchPathFolders } from "./tokens.ts";
import type { LibrarySearch, LoadedObject } from "./types.ts";

/** What the image gives the loader. */
interface MuslSettings {
  readonly files: AuditFiles;
  readonly machine: ElfMachine;
  /** The text of /etc/ld-musl-ARCH.path, or undefined without it. */
  readonly pathFile: string | undefined;
  readonly libraryPath: string | undefined;
  readonly workingDirectory: string;
  /** The loader's own path, which is also its libc. */
  readonly loader: string;
}

const DEFAULT_FOLDERS = "/lib:/usr/local/lib:/usr/lib";
/** Parts of libc, whatever stands behind the dot: libc.so.6 of glibc too. */
const OWN = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;
const SEPARATORS = /[:\n]/;
const SET_ID_BITS = 0o6000;

/** The search rules for one image. */
export function muslSearch(settings: MuslSettings): LibrarySearch {
  const { files, machine, workingDirectory } = settings;

  function* candidates(name: string, object: LoadedObject, root: LoadedObject): Generator<string, void, undefined> {
    const inFolders = (text: string): readonly string[] =>
      searchPathFolders(text, SEPARATORS, workingDirectory).map((folder) => absolutePath(name, folder));
    if (settings.libraryPath !== undefined && (root.entry.mode & SET_ID_BITS) === 0) yield* inFolders(settings.libraryPath);
    for (let at: LoadedObject | undefined = object; at !== undefined; at = at.neededBy) {
      const path = at.elf.runpath ?? at.elf.rpath;
      const expanded = path === undefined ? undefined : expandOrigin(path, folderOf(at.path));
      if (expanded !== undefined) yield* inFolders(expanded);
    }
    yield* inFolders(settings.pathFile ?? DEFAULT_FOLDERS);
  }

  return {
    kind: "musl",
    async find(name, object, root) {
      if (OWN.test(name) || name === lastPart(settings.loader)) return { kind: "loader" };
      const paths = name.includes("/") ? [absolutePath(name, workingDirectory)] : candidates(name, object, root);
      return await firstLibrary(files, machine, paths, { passOver: false });
    },
  };
}
