/** Loads an object on paper: every library that it and its libraries need, then every symbol version that they want of each other. */
import type { ElfFile } from "../../elf/index.ts";
import type { Entry } from "../../tree/index.ts";
import type { Closure, LibrarySearch, LoadedObject, MissingLibrary, MissingVersion } from "./types.ts";

/** Real programs load some hundred. */
const MAX_OBJECTS = 4096;

/** What the root of a closure is. */
export interface ClosureRoot {
  readonly path: string;
  readonly entry: Entry;
  readonly elf: ElfFile;
}

/**
 * The closure of a program, or of a library that a running program opens: then `running` is what that program has loaded, whose names
 * count as found. The loader itself is `loader`: it is in every process, and libraries name it.
 */
export async function closeOver(
  start: ClosureRoot,
  search: LibrarySearch,
  options: { readonly loader?: ClosureRoot; readonly running?: readonly LoadedObject[] } = {},
): Promise<Closure> {
  const root: LoadedObject = start;
  const known = new Map<string, LoadedObject>();
  const byFile = new Map<string, LoadedObject>();
  const remember = (object: LoadedObject, name?: string): void => {
    byFile.set(object.entry.path, object);
    // The loader compares with the DT_SONAME of all that it has, and with the names that led to them.
    for (const one of [name, object.elf.soname]) if (one !== undefined && !known.has(one)) known.set(one, object);
  };
  for (const object of options.running ?? []) remember(object);
  if (options.loader !== undefined) remember(options.loader);
  remember(root);

  const objects: LoadedObject[] = [root];
  const missing: MissingLibrary[] = [];
  for (let at = 0; at < objects.length && objects.length < MAX_OBJECTS; at += 1) {
    const object = objects[at] ?? root;
    for (const name of object.elf.needed) {
      if (known.has(name)) continue;
      const result = await search.find(name, object, root);
      if (result.kind === "loader") continue;
      if (result.kind === "missing") {
        if (!missing.some((one) => one.name === name)) missing.push({ name, neededBy: object, refused: result.refused });
        continue;
      }
      const existing = byFile.get(result.entry.path);
      const loaded: LoadedObject = existing ?? { path: result.path, entry: result.entry, elf: result.elf, neededBy: object };
      remember(loaded, name);
      if (existing === undefined) objects.push(loaded);
    }
  }
  // musl looks at no versions.
  return { objects, missing, versions: search.kind === "musl" ? [] : missingVersions(objects, known) };
}

function missingVersions(objects: readonly LoadedObject[], known: ReadonlyMap<string, LoadedObject>): readonly MissingVersion[] {
  const gaps: MissingVersion[] = [];
  for (const neededBy of objects) {
    for (const { library, versions } of neededBy.elf.versionNeeds) {
      const found = known.get(library);
      // Of a library without any versions the loader only says so, and goes on.
      if (found === undefined || found.elf.versionDefinitions.length === 0) continue;
      const has = new Set(found.elf.versionDefinitions);
      for (const { name, weak } of versions) if (!weak && !has.has(name)) gaps.push({ version: name, library, found, neededBy });
    }
  }
  return gaps;
}
