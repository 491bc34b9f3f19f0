/**
 * Where glibc's loader looks for a library (ld.so(8), dl-load.c): DT_RPATH of the object and of those that needed it, LD_LIBRARY_PATH,
 * DT_RUNPATH of the object, the cache, the default directories. For a processor with the baseline only, as an image must run on any.
 */
import type { ElfMachine, LdCacheEntry } from "../../elf/index.ts";
import { absolutePath, folderOf } from "../../facts/index.ts";
import type { AuditFiles } from "../types.ts";
import { firstLibrary } from "./candidates.ts";
import { expandTokens, searchPathFolders, type Tokens } from "./tokens.ts";
import type { LibrarySearch, LoadedObject } from "./types.ts";

/** What the image gives the loader. */
interface GlibcSettings {
  readonly files: AuditFiles;
  readonly machine: ElfMachine;
  /** Built into the loader, in its order, without slashes at the end. */
  readonly defaultFolders: readonly string[];
  /** What $LIB stands for. */
  readonly lib: string;
  readonly cache: readonly LdCacheEntry[];
  readonly libraryPath: string | undefined;
  readonly workingDirectory: string;
}

const SET_ID_BITS = 0o6000;

/** The search rules for one image. */
export function glibcSearch(settings: GlibcSettings): LibrarySearch {
  const { files, machine, defaultFolders, workingDirectory } = settings;
  const cached = Map.groupBy(
    settings.cache.filter(({ needsCapabilities }) => !needsCapabilities),
    ({ soname }) => soname,
  );
  const tokensOf = (object: LoadedObject): Tokens => ({ ORIGIN: folderOf(object.path), LIB: settings.lib, PLATFORM: machine.platform });
  const folders = (text: string, separators: RegExp, object: LoadedObject): readonly string[] =>
    searchPathFolders(expandTokens(text, tokensOf(object)), separators, workingDirectory);

  function* candidates(name: string, object: LoadedObject, root: LoadedObject): Generator<string, void, undefined> {
    const inFolder = (folder: string): string => absolutePath(name, folder);
    if (object.elf.runpath === undefined) {
      for (let at: LoadedObject | undefined = object; at !== undefined; at = at.neededBy) {
        // DT_RUNPATH makes the loader forget DT_RPATH of the same object.
        const { rpath, runpath } = at.elf;
        if (rpath !== undefined && runpath === undefined) yield* folders(rpath, /:/, at).map(inFolder);
      }
    }
    // A program that changes its user does not trust the environment.
    if (settings.libraryPath !== undefined && settings.libraryPath !== "" && (root.entry.mode & SET_ID_BITS) === 0) {
      yield* folders(settings.libraryPath, /[:;]/, root).map(inFolder);
    }
    if (object.elf.runpath !== undefined) yield* folders(object.elf.runpath, /:/, object).map(inFolder);
    const noDefaults = object.elf.noDefaultLibraries;
    for (const { path } of cached.get(name) ?? []) {
      if (!noDefaults || !defaultFolders.includes(folderOf(path))) yield path;
    }
    if (!noDefaults) yield* defaultFolders.map(inFolder);
  }

  return {
    kind: "glibc",
    async find(name, object, root) {
      const paths = name.includes("/")
        ? [absolutePath(expandTokens(name, tokensOf(object)), workingDirectory)]
        : candidates(expandTokens(name, tokensOf(object)), object, root);
      return await firstLibrary(files, machine, paths, { passOver: true });
    },
  };
}
