/** Where Python finds a module (importlib: builtin, frozen, then the directories of the search path in order), and which file of several it takes. */
import { entryAt, fileAt, lastPart } from "../../facts/index.ts";
import { fromText, type TreePath } from "../../paths.ts";
import type { Entry, Tree } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** What an import finds. */
export type PythonModule =
  /** In the interpreter itself. */
  | { readonly kind: "builtin" }
  | { readonly kind: "source" | "bytecode" | "extension"; readonly entry: Entry; readonly folders?: readonly string[] }
  /** A package without __init__. */
  | { readonly kind: "namespace"; readonly folders: readonly string[] };

/** Finds modules of one interpreter. */
export interface PythonModules {
  /** A top-level name in the search path, or the last part of a dotted one in the folders of its package; undefined when there is none. */
  find(name: string, folders: readonly string[]): PythonModule | undefined;
  isBuiltin(dotted: string): boolean;
  /** In the interpreter, with imports as its file in the library has them. */
  isFrozen(dotted: string): boolean;
}

/** Without a file since 3.11, in every build, or set by the module above it. */
const FROZEN: ReadonlySet<string> = new Set(
  (
    "abc codecs io _collections_abc _sitebuiltins genericpath ntpath posixpath os os.path collections.abc site stat importlib.util importlib.machinery runpy zipimport " +
    "importlib._bootstrap importlib._bootstrap_external _frozen_importlib _frozen_importlib_external sys builtins marshal _warnings _imp __main__"
  ).split(" "),
);
const MAX_INTERPRETER = 64 * 1024 * 1024;

/** Names of modules that a program or library has built in: its functions PyInit_NAME. */
export async function builtinModules(files: AuditFiles, objects: readonly Entry[]): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const entry of objects) {
    const bytes = await files.read(entry, MAX_INTERPRETER);
    if (bytes === undefined) continue;
    for (const [, name = ""] of Buffer.from(bytes)
      .toString("latin1")
      .matchAll(/\0PyInit_(\w{1,60})(?=\0)/g))
      names.add(name);
  }
  return names;
}

/** Makes a finder. `version`: "3.13"; `triplet`: "x86_64-linux-gnu". */
export function pythonModules(
  tree: Tree,
  files: AuditFiles,
  options: {
    readonly version: string | undefined;
    readonly triplet: string;
    readonly builtin: ReadonlySet<string>;
    /** May the user enter a directory, and not list it? Python asks a directory for its names first, except for __init__. */
    readonly isUnlisted: (directory: Entry) => boolean;
  },
): PythonModules {
  const { builtin } = options;
  const suffixes = extensionSuffixes(options.version, options.triplet);
  const listings = new Map<TreePath, ReadonlySet<string>>();

  function namesIn(folder: string): ReadonlySet<string> {
    const entry = entryAt(files, folder);
    if (entry?.kind !== "dir") return new Set();
    const known = listings.get(entry.path);
    if (known !== undefined) return known;
    const made = new Set(tree.readdir(entry.path).map(({ path }) => lastPart(path)));
    listings.set(entry.path, made);
    return made;
  }

  function isUnlisted(folder: string): boolean {
    const entry = entryAt(files, folder);
    return entry?.kind === "dir" && options.isUnlisted(entry);
  }

  function fileOf(folder: string, name: string): PythonModule | undefined {
    const names = namesIn(folder);
    const path = `${folder === "/" ? "" : folder}/${name}`;
    const kinds = [...suffixes.map((end) => [end, "extension"] as const), [".py", "source"] as const, [".pyc", "bytecode"] as const];
    for (const [end, kind] of kinds) {
      const entry = names.has(name + end) ? fileAt(files, path + end) : undefined;
      if (entry !== undefined) return { kind, entry };
    }
    return undefined;
  }

  return {
    isBuiltin: (dotted) => FROZEN.has(dotted) || builtin.has(dotted),
    isFrozen: (dotted) => FROZEN.has(dotted) && !builtin.has(dotted),
    find(name, folders) {
      const one = fromText(name);
      const portions: string[] = [];
      for (const folder of folders) {
        if (isUnlisted(folder)) continue;
        if (!namesIn(folder).has(one)) {
          const found = fileOf(folder, one);
          if (found !== undefined) return found;
          continue;
        }
        const path = `${folder === "/" ? "" : folder}/${one}`;
        const isFolder = entryAt(files, path)?.kind === "dir";
        const init = isFolder ? fileOf(path, "__init__") : undefined;
        if (init !== undefined && "entry" in init) return { ...init, folders: [path] };
        const found = fileOf(folder, one);
        if (found !== undefined) return found;
        if (isFolder) portions.push(path);
      }
      return portions.length === 0 ? undefined : { kind: "namespace", folders: portions };
    },
  };
}

/** Ends of extension modules that this version loads, in its order: one for another version counts for nothing. */
function extensionSuffixes(version: string | undefined, triplet: string): readonly string[] {
  if (version === undefined) return [".so"];
  return [`.cpython-${version.replace(".", "")}-${triplet}.so`, ".abi3.so", ".so"];
}
