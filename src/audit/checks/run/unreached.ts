/**
 * Programs and libraries that nothing starts as far as we can tell: a shell, tools, plug-ins that are opened by name. What they lack is a
 * warning, told once for each missing thing. A library that some program may have loaded before (it is somewhere in the image) is no gap.
 */
import { createShared } from "../../../async.ts";
import { type ElfMachine, isForMachine, machineName } from "../../../elf/index.ts";
import { entryAt, isLibraryName } from "../../../facts/index.ts";
import { baseName, displayPath, parentOf, type TreePath } from "../../../paths.ts";
import { execPlace } from "../../closure/commands.ts";
import type { ElfEntry } from "../../closure/library-names.ts";
import type { Gap } from "../../closure/packages.ts";
import type { Loader, Programs } from "../../closure/programs.ts";
import type { LoadedObject, MissingLibrary, MissingVersion, SearchResult } from "../../closure/types.ts";
import type { AuditContext, AuditSubject } from "../../types.ts";
import { RUN } from "./findings.ts";
import { type LibraryContext, missingLibrary, missingLoader, missingVersion, otherLoader } from "./library-gaps.ts";

/** What the check of reached programs knows already. */
interface UnreachedOptions {
  readonly machine: ElfMachine;
  readonly programs: Programs;
  readonly words: LibraryContext;
  /** Files that running programs load. */
  readonly reached: ReadonlySet<TreePath>;
}

/** Node add-ons for every platform or version lie side by side there (the last as cmake-ts does), and the right one is chosen when it is loaded. */
const MANY_PLATFORMS =
  /(?:^|\/)(?:prebuilds|prebuilt|musllinux[^/]*|[^/]*-(?:linux)?musl[^/]*)(?:\/|$)|(?:^|[./_-])musl[./_-]|\/build\/linux\/\w+\/(?:node|electron)\//;
/** What loaders search without being told. */
const SYSTEM_FOLDER = /^(?:usr\/)?lib(?:64)?(?:\/[a-z0-9_]+-linux-[a-z0-9]+)?$/;
const MAX_OTHERS = 50;

interface Group<Fact> {
  readonly fact: Fact;
  readonly others: string[];
}

/** Gaps of all that is not in `reached`. */
export async function unreachedGaps(subject: AuditSubject, context: AuditContext, options: UnreachedOptions): Promise<readonly Gap[]> {
  const { machine, programs, words, reached } = options;
  const { files, signal } = context;
  const objects = words.libraries.objects.filter(({ entry }) => !reached.has(entry.path) && !MANY_PLATFORMS.test(entry.path));
  const folders = new Set(execPlace(subject, files, machine).searchPath.map((folder) => entryAt(files, folder)?.path));
  const libraryLoader = await imageLoader(options);

  const foreign = new Map<string, Group<ElfEntry>>();
  const loaders = new Map<string, Group<{ readonly program: ElfEntry; readonly why: string }>>();
  const missing = new Map<string, Group<MissingLibrary>>();
  const versions = new Map<string, Group<MissingVersion & { readonly wanted: Set<string> }>>();
  const plain = createShared<string, SearchResult>({ cancel: "never" });

  for (const object of objects) {
    signal?.throwIfAborted();
    const { entry, elf } = object;
    const folder = parentOf(entry.path);
    if (!isForMachine(elf, machine)) {
      if (folders.has(folder) || SYSTEM_FOLDER.test(folder)) add(foreign, machineName(elf), object, entry.path);
      continue;
    }
    const isStarted = elf.interpreter !== undefined && !isLibraryName(baseName(entry.path));
    const loader = isStarted ? await programs.loaderAt(elf.interpreter ?? "") : libraryLoader;
    if (loader === undefined) continue;
    if ("why" in loader) {
      add(loaders, elf.interpreter ?? "", { program: object, why: loader.why }, entry.path);
      continue;
    }
    await direct(object, loader);
  }

  async function direct({ entry, elf }: ElfEntry, loader: Loader): Promise<void> {
    const root: LoadedObject = { path: `/${entry.path}`, entry, elf };
    for (const name of elf.needed) {
      if (name === loader.root.elf.soname) continue;
      const result = await find(name, root, loader);
      if (result.kind === "missing" && !isSomewhere(name, result))
        add(missing, name, { name, neededBy: root, refused: result.refused }, entry.path);
      if (result.kind !== "found" || loader.search.kind === "musl" || result.elf.versionDefinitions.length === 0) continue;
      const has = new Set(result.elf.versionDefinitions);
      const wanted = elf.versionNeeds.filter(({ library }) => library === name).flatMap((need) => need.versions);
      for (const { name: version, weak } of wanted) {
        if (weak || has.has(version)) continue;
        const found: LoadedObject = { path: result.path, entry: result.entry, elf: result.elf };
        const group = add(versions, name, { version, library: name, found, neededBy: root, wanted: new Set<string>() }, entry.path);
        group.fact.wanted.add(version);
      }
    }
  }

  /** Most objects have no search path of their own: then the name says it all. */
  function find(name: string, root: LoadedObject, loader: Loader): Promise<SearchResult> {
    const { elf } = root;
    if (elf.rpath !== undefined || elf.runpath !== undefined || elf.noDefaultLibraries || name.includes("/"))
      return loader.search.find(name, root, root);
    const key = `${loader.root.path}\0${name}`;
    return plain.run(key, () => loader.search.find(name, root, root));
  }

  function isSomewhere(name: string, result: SearchResult & { readonly kind: "missing" }): boolean {
    return result.refused.length === 0 && words.libraries.placeOf(name) !== undefined;
  }

  return [
    ...[...foreign].map(([name, group]) => foreignGap(name, group)),
    ...[...loaders].map(([interpreter, { fact, others }]) =>
      missingLoader(
        displayPath(fact.program.entry.path),
        { interpreter, why: fact.why, other: otherLoader(files, machine) },
        { severity: "warning", others },
      ),
    ),
    ...[...missing.values()].map(({ fact, others }) => missingLibrary(fact, { ...words, severity: "warning", others })),
    ...[...versions.values()].map(({ fact, others }) => missingVersion(fact, [...fact.wanted], { ...words, severity: "warning", others })),
  ];
}

function add<Fact>(groups: Map<string, Group<Fact>>, key: string, fact: Fact, path: TreePath): Group<Fact> {
  const group = groups.get(key) ?? { fact, others: [] };
  groups.set(key, group);
  const shown = displayPath(path);
  if (group.others.length < MAX_OTHERS && group.others.at(-1) !== shown) group.others.push(shown);
  return group;
}

function foreignGap(name: string, { fact, others }: Group<ElfEntry>): Gap {
  return {
    finding: () =>
      RUN.found("elf-wrong-architecture", {
        severity: "warning",
        path: displayPath(fact.entry.path),
        message: `${others.length === 1 ? "A program or library is" : `${others.length} programs and libraries are`} for ${name}, which the image is not`,
        remedy: "Take them from a package or build for the platform of the image, or leave them out",
        details: { paths: others },
      }),
  };
}

/** Who loads libraries when no program that we know of does: the loader of the image. */
async function imageLoader({ machine, programs }: UnreachedOptions): Promise<Loader | undefined> {
  for (const path of [machine.glibcLoader, `/lib/ld-musl-${machine.musl}.so.1`]) {
    const loader = await programs.loaderAt(path);
    if (!("why" in loader)) return loader;
  }
  return undefined;
}
