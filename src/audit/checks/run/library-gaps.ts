/** The words for what a loader does not find. */
import { compareLibraryNames, type ElfMachine } from "../../../elf/index.ts";
import { fileAt, folderOf, type LibcKind, libcOfLoader, muslLoader } from "../../../facts/index.ts";
import { given } from "../../../given.ts";
import { displayPath, toText } from "../../../paths.ts";
import type { Gap } from "../../closure/packages.ts";
import { addPackage, packageDetails } from "../../closure/packages.ts";
import type { ImageLibraries } from "../../closure/library-names.ts";
import type { Closure, MissingLibrary, MissingVersion } from "../../closure/types.ts";
import type { AuditFiles, Severity } from "../../types.ts";
import { RUN } from "./findings.ts";

/** What all findings about one object share. */
export interface LibraryContext {
  readonly libraries: ImageLibraries;
  /** Directories of ld.so.conf. */
  readonly configured: readonly string[];
  readonly files: AuditFiles;
  readonly severity?: Severity;
  /** Other objects that need the same, for `details`. */
  readonly others?: readonly string[];
}

/** One finding for each library that is missing, and for each pair of an object and a library that is too old for it. */
export function closureGaps(closure: Closure, words: LibraryContext): readonly Gap[] {
  const pairs = Map.groupBy(closure.versions, ({ library, neededBy }) => `${library}\0${neededBy.entry.path}`);
  return [
    ...closure.missing.map((missing) => missingLibrary(missing, words)),
    ...[...pairs.values()].flatMap((gaps) => {
      const [first] = gaps;
      return first === undefined
        ? []
        : [
            missingVersion(
              first,
              gaps.map(({ version }) => version),
              words,
            ),
          ];
    }),
  ];
}

/** A library that is not found. */
export function missingLibrary(missing: MissingLibrary, context: LibraryContext): Gap {
  const { neededBy, refused } = missing;
  const name = toText(missing.name);
  const stopped = refused.find(({ why }) => why !== "architecture");
  const place = refused.length > 0 ? undefined : context.libraries.placeOf(missing.name);
  const newer = place?.path.includes("/glibc-hwcaps/") === true ? place : undefined;
  const elsewhere = newer === undefined ? place : undefined;
  const dangling = context.libraries.danglingLink(missing.name);
  const by = displayPath(neededBy.entry.path);
  const reason =
    stopped !== undefined
      ? `the loader stops at "${toText(stopped.path)}", because ${stopped.problem}`
      : refused[0] !== undefined
        ? `"${toText(refused[0].path)}" is passed over, because ${refused[0].problem}`
        : newer !== undefined
          ? `it is there for newer processors only, at "${displayPath(newer.path)}"`
          : elsewhere !== undefined
            ? `it is at "${displayPath(elsewhere.path)}", where the loader does not look`
            : dangling !== undefined
              ? `the link "${displayPath(dangling.path)}" leads to "${toText(dangling.link ?? "")}", which is not there`
              : "it is not in the image";
  const folder = elsewhere === undefined ? undefined : folderOf(displayPath(elsewhere.path));
  return {
    ...(elsewhere === undefined ? { query: missing.name } : {}),
    finding: (packages) =>
      RUN.found("elf-missing-library", {
        ...given({ severity: context.severity }),
        path: by,
        message: `"${by}" needs the library "${name}", and ${reason}${chain(neededBy)}`,
        remedy: folder === undefined ? addPackage(packages, bring(name, refused.length > 0)) : searchThere(folder, context.configured),
        details: { library: name, ...packageDetails(packages), ...othersOf(context) },
      }),
  };
}

/** A library that is too old, or of another make. `wanted`: all versions that one object misses of it. */
export function missingVersion(missing: MissingVersion, wanted: readonly string[], context: LibraryContext): Gap {
  const { found, neededBy } = missing;
  const library = toText(missing.library);
  const highest = wanted.toSorted(compareLibraryNames).at(-1) ?? missing.version;
  const family = highest.replace(/[\d.]+$/, "");
  const has = found.elf.versionDefinitions.filter((name) => name.startsWith(family) && /^[\d.]+$/.test(name.slice(family.length)));
  const best = has.toSorted(compareLibraryNames).at(-1);
  const path = displayPath(found.entry.path);
  const layer = context.files.layerOf(found.entry.path);
  return {
    finding: () =>
      RUN.found("elf-missing-version", {
        ...given({ severity: context.severity }),
        path: displayPath(neededBy.entry.path),
        message: `"${displayPath(neededBy.entry.path)}" needs ${toText(highest)} of "${library}", and "${path}" ${best === undefined ? "does not have it" : `has no later one than ${toText(best)}`}`,
        remedy: `Build it in a stage whose "${library}" is not newer than that of the image, or take a newer base`,
        details: {
          library,
          file: path,
          versions: wanted.map(toText),
          ...given({ libraryLayer: layer }),
          ...othersOf(context),
        },
      }),
  };
}

/** A program without its loader. `other`: the loader that the image has instead. */
export function missingLoader(
  program: string,
  loader: { readonly interpreter: string; readonly why: string; readonly other: LibcKind | undefined },
  context: Pick<LibraryContext, "severity" | "others">,
): Gap {
  const interpreter = toText(loader.interpreter);
  const kind = libcOfLoader(interpreter);
  const libc = kind === "musl" ? "musl (Alpine)" : (kind ?? "another C library");
  return {
    query: interpreter,
    finding: (packages) =>
      RUN.found("elf-interpreter-missing", {
        ...given({ severity: context.severity }),
        path: program,
        message: `"${program}" is linked against ${libc}, and its loader "${interpreter}" ${loader.why}${loader.other === undefined ? "" : `; the image has ${loader.other}`}`,
        remedy:
          kind === "musl"
            ? "Build it in a stage with glibc (Debian), or statically; or take a base with musl"
            : addPackage(
                loader.other === "musl" ? [] : packages,
                loader.other === "musl"
                  ? "Build it in a stage with musl (Alpine), or take a base with glibc"
                  : "Take a base with a C library (base-debian13, cc-debian13), or link it statically",
              ),
        details: { interpreter, ...packageDetails(packages), ...othersOf(context) },
      }),
  };
}

/** Which loader the image has, to say so where a program wants another one. */
export function otherLoader(files: AuditFiles, machine: ElfMachine): LibcKind | undefined {
  if (fileAt(files, machine.glibcLoader) !== undefined) return "glibc";
  return fileAt(files, muslLoader(machine)) === undefined ? undefined : "musl";
}

function bring(name: string, isWrong: boolean): string {
  return isWrong
    ? `Replace it by a "${name}" for the platform of the image`
    : `Copy "${name}" from the stage that the program was built in`;
}

function searchThere(folder: string, configured: readonly string[]): string {
  return configured.includes(folder)
    ? `Run ldconfig in the stage: "${folder}" is in /etc/ld.so.conf, and the loader reads only /etc/ld.so.cache. Or set ENV LD_LIBRARY_PATH=${folder}`
    : `Set ENV LD_LIBRARY_PATH=${folder}, or link with -Wl,-rpath,${folder}`;
}

/** " (needed by …)": who brought the object that needs it. */
function chain(object: MissingLibrary["neededBy"]): string {
  const names: string[] = [];
  for (let at = object.neededBy; at !== undefined && names.length < 5; at = at.neededBy) names.push(displayPath(at.entry.path));
  return names.length === 0 ? "" : ` (loaded for ${names.map((name) => `"${name}"`).join(", for ")})`;
}

function othersOf({ others = [] }: Pick<LibraryContext, "others">): { readonly neededBy?: readonly string[] } {
  return others.length === 0 ? {} : { neededBy: others };
}
